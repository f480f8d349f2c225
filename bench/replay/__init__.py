"""A trace played through a real kube-apiserver and kube-scheduler, beside its replay by arithmetic."""
