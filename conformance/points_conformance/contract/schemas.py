"""Judging one payload by one component of the OpenAPI description."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from points_conformance.contract import specs

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

__all__ = ["event_component", "problems"]

_DOCUMENT: Final = "urn:points-reversals"
#: Longer values make a message unreadable, and its reader has the payload anyway.
_LONGEST_MESSAGE: Final = 240


def problems(component: str, instance: object) -> list[str]:
    """What is wrong with ``instance`` as a ``component``, sorted; nothing when it is valid.

    Each message begins with a JSON pointer to the culprit, a missing field included:
    ``/order/id: is required, but missing``. Numbers may be ``Decimal``. An unknown component is a
    ``KeyError``: a mistake of the caller's, never the payload's.
    """
    validator = _validator(component)
    try:
        return sorted({_message(error) for error in validator.iter_errors(instance)})
    except ValueError as reason:
        # Lone surrogates and endless nesting are read by json, but no validator takes them.
        return [f"/: cannot be judged as JSON ({reason})"]


def event_component(event: str) -> str | None:
    """The component that describes a webhook event (Webhook Events); ``None`` for unknown ones."""
    webhook = specs.openapi()["webhooks"].get(event)
    if webhook is None:
        return None
    reference: str = webhook["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return reference.rpartition("/")[2]


@cache
def _validator(component: str) -> "Draft202012Validator":
    import jsonschema_rs

    description = specs.openapi()
    if component not in description["components"]["schemas"]:
        raise KeyError(f"specs: no component is named {component!r}")
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"{_DOCUMENT}#/components/schemas/{component}"},
        registry=jsonschema_rs.Registry([(_DOCUMENT, description)]),
        validate_formats=True,
    )


def _message(error: "ValidationError") -> str:
    # A missing field is reported at the object that lacks it; readers look for the field.
    missing = getattr(error.kind, "property", None) if error.kind.name == "required" else None
    if missing is not None:
        return f"{_pointer([*error.instance_path, str(missing)])}: is required, but missing"
    complaint = error.message
    if len(complaint) > _LONGEST_MESSAGE:
        half = _LONGEST_MESSAGE // 2
        complaint = f"{complaint[:half]} … {complaint[-half:]}"
    return f"{_pointer(error.instance_path)}: {complaint}"


def _pointer(path: Sequence[str | int]) -> str:
    """RFC 6901, with ``/`` for the whole payload."""
    return "/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in path)
