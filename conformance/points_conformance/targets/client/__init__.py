"""A client: its case, the sandbox that it calls, how it is run, what came of it."""
