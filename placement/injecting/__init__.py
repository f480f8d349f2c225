"""What a pod becomes on a class."""
