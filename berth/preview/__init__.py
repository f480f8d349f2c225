"""What the webhook would do with pods that stand in files: reading, judging, telling."""
