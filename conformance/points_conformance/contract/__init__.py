"""The facts of the API as data: names, limits, money, the lifecycle table and the disputed matters.

Nothing here does I/O except :mod:`~points_conformance.contract.specs`, which reads the shipped
files, and nothing here knows of HTTP, pytest or the clock.
"""
