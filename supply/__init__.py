"""The supply chain: what the lock files pin, its licences, its bill of materials, and what is known against it."""
