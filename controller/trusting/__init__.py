"""Certificates, and that the API server trusts them."""
