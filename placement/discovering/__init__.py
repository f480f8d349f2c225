"""Discovering: which accelerator classes a cluster has, by the labels and resources of its nodes."""
