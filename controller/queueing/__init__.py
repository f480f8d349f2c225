"""Classes and Kueue's flavors in step."""
