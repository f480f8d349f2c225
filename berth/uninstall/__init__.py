"""Taking Berth out of a cluster: pods that wait are handed over first, and then nothing of ours is left."""
