"""Who of several replicas works, and what its writes must pass."""
