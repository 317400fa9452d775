"""The fixtures over a live sandbox (``--points-live``). Nothing here is imported in other runs."""
