"""What is sent to the programs over HTTP, before anybody looks into it."""
