"""The scheduler extender: kube-scheduler asks where a pod may run, and gets the node that strands the least."""
