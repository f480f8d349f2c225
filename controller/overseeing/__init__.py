"""Pods that slipped through admission, or wait for a class that is full while another has room."""
