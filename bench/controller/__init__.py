"""An hour of nodes that change, on a real kube-apiserver, and how late the status of the classes is right."""
