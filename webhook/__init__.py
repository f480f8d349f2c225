"""The mutating admission webhook: a pod comes in, what its accelerator class needs goes out as a patch."""
