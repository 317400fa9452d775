"""points-conformance: the conformance kit for order reversals of the Points loyalty API."""

__all__ = ["__version__"]

__version__ = "0.2.0"
