"""An hour of pods that come and go, on a real kube-apiserver, and what memory the extender has afterwards."""
