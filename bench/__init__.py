"""Benchmarks: what an answer costs, beside the floor that the same server reaches doing only the protocol's JSON."""
