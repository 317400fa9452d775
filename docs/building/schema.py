"""The shape of ``report.json``, from its JSON Schema."""

import json
from collections.abc import Iterator
from typing import Any

from .files import ROOT

__all__ = ["properties"]

Schema = dict[str, Any]


def properties() -> Iterator[str]:
    """A table of the report, and one of each kind of thing in it."""
    schema = json.loads((ROOT / "specs" / "report.schema.json").read_text(encoding="utf-8"))
    yield from _table("The report", schema)
    for name, part in schema["$defs"].items():
        if "properties" in part:
            yield from _table(f"`{name}`", part)


def _table(title: str, part: Schema) -> Iterator[str]:
    yield f"## {title}\n"
    required = part.get("required", [])
    yield "| property | holds | |\n| --- | --- | --- |"
    for name, one in part["properties"].items():
        beside = "" if name in required else "Not always there. "
        text = (beside + one.get("description", "")).replace("|", "\\|")
        yield f"| `{name}` | {_kind(one)} | {text} |"
    yield ""


def _kind(one: Schema) -> str:
    """The type of a property in a few words."""
    if "$ref" in one:
        return f"`{one['$ref'].rpartition('/')[2]}`"
    if "enum" in one:
        return ", ".join(f"`{json.dumps(value)}`" for value in one["enum"])
    if "const" in one:
        return f"`{json.dumps(one['const'])}`"
    if "anyOf" in one:
        return " or ".join(_kind(part) for part in one["anyOf"])
    if one.get("type") == "array":
        return f"list of {_kind(one['items'])}"
    kinds = one["type"] if isinstance(one["type"], list) else [one["type"]]
    return " or ".join(kinds)
