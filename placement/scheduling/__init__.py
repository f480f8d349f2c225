"""Which node a pod gets, and why."""
