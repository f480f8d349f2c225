"""Classes of the hardware that nodes show."""
