"""What a pod asks of a class: the layers in which its authors speak, as one request."""
