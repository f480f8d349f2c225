"""What the extender's answers cost beside their floor, in a cluster in which pods come and go."""
