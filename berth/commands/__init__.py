"""The subcommands: one file each, with `configure(parser)` that says what it does and which function does it."""
