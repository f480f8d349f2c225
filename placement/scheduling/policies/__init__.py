"""Policies: ours, and the published ones against which it is measured."""
