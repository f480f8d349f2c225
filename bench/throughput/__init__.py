"""How many pods a real kube-scheduler binds in a second with and without Berth, and what else Berth costs it."""
