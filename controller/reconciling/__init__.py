"""What all parts of the controller have in common: queues, objects as they stand, one writer of each status."""
