"""Linting: what speaks against classes and profiles as their authors write them."""
