"""The sandbox's page: what a person sees of a simulator in a browser, and can do with it."""
