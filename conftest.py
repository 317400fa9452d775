"""pytest's configuration of this project's own tests (and of ``examples/``, which are tests too).

What an integrator's tests get comes from the plugin, ``points_conformance.plugin``: it is loaded by
its entry point, here as everywhere, and nothing is added to it in this file.
"""

import os

import pytest


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """``-n auto``: more than there are cores, for many tests wait for consumers and clients."""
    return (os.cpu_count() or 1) + 2


#: Tests of what users see run pytest in a folder of their own: ``pytester``.
pytest_plugins = ["pytester"]
