"""The one loader of the shipped ``specs/``: the OpenAPI description and the example payloads."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

__all__ = ["SpecsMissingError", "example", "example_names", "openapi", "specs_folder", "text"]

_DESCRIPTION: Final = "points-reversals.openapi.yaml"
_PACKAGE: Final = Path(__file__).resolve().parents[1]


class SpecsMissingError(RuntimeError):
    """The installation is broken: the specs, or one of their files, are not where they belong."""


@cache
def specs_folder() -> Path:
    """The folder with the specs: inside the package when installed, else the checkout's own.

    An editable install does not copy ``specs/`` into the package, hence the second place.
    """
    candidates = (_PACKAGE / "specs", _PACKAGE.parents[1] / "specs")
    for folder in candidates:
        if (folder / _DESCRIPTION).is_file():
            return folder
    places = " nor in ".join(str(folder) for folder in candidates)
    raise SpecsMissingError(f"{_DESCRIPTION} is neither in {places}: install the package again")


def text(name: str) -> str:
    """The text of one file, by its path inside ``specs/`` (``"README.md"``)."""
    path = specs_folder() / name
    if not path.is_file():
        raise SpecsMissingError(f"specs/{name} is missing from {specs_folder()}")
    return path.read_text(encoding="utf-8")


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description, parsed once: treat it as read-only."""
    import yaml

    # The loader written in C is ten times as fast, but PyYAML may be built without it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    # Both loaders are the safe ones.
    description: dict[str, Any] = yaml.load(text(_DESCRIPTION), Loader=loader)  # noqa: S506
    return description


def example_names() -> tuple[str, ...]:
    """The names of all example payloads, in order, without ``.json``."""
    return tuple(sorted(path.stem for path in (specs_folder() / "examples").glob("*.json")))


def example(name: str) -> Any:
    """One example payload by name (``"webhook-cancelled"``): a fresh copy that may be changed."""
    return json.loads(text(f"examples/{name}.json"))
