"""What the marks of the user's project say of a test before it runs."""

import contextlib

import pytest
from _pytest.skipping import evaluate_skip_marks

__all__ = ["marked_skip"]


def marked_skip(item: pytest.Item) -> bool:
    """Whether ``skip`` or ``skipif`` keeps a test from being run. A wrong condition is no reason:
    the test itself will say so.
    """
    with contextlib.suppress(pytest.fail.Exception):
        return evaluate_skip_marks(item) is not None
    return False
