"""Kueue: flavors of hardware, and the queues through which pods come to it."""
