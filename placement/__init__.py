"""The domain: what is asked, what exists, what fits, what is best, and why."""
