"""Rules of a made-up catalogue."""

from collections.abc import Callable
from typing import Any

from points_conformance.judging.rule import Level, Rule, source

__all__ = ["rule"]


def rule(name: str, check: Callable[..., Any] = lambda api: None, **terms: Any) -> Rule:
    """A rule of a made-up catalogue, which holds unless a check is given."""
    return Rule(
        id=f"toy.{name}",
        level=Level.MUST,
        statement=f"{name} MUST hold.",
        sources=(source("a page"),),
        subject="api",
        check=check,
        **terms,
    )
