"""The door to the Kubernetes API: watches decoded into domain values, the account of nodes, and the few writers."""
