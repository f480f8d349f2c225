"""What is found of each class: nodes, accelerators, contradictions."""
