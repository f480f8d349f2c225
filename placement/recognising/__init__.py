"""What a pod runs: its platform, its engine, its model, its group."""
