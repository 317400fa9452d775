"""A third Points API, on a database file: what the fixtures' live world is tried on.

Standard library alone, and nothing of the kit's. It outlives its own process: whoever starts it on
the same file goes on with the same orders and endpoints.
"""
