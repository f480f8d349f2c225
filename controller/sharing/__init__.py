"""Nodes that offer their devices in shares."""
