"""Where pods would go: traces replayed on their nodes, and copies of pods put on a cluster until no more fit."""
