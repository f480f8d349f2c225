"""Command lines of inference engines: what command, arguments and environment say of the model a container runs."""
