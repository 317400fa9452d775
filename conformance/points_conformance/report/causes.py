"""The shipped fault dictionary: ``specs/signatures.json``, as the self-check recorded it."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from points_conformance.contract.specs import specs_folder
from points_conformance.judging.causes import Fault
from points_conformance.subjects import Subject

__all__ = ["SIGNATURES", "faults_of", "read_faults"]

SIGNATURES: Final = "signatures.json"


@cache
def faults_of(subject: Subject) -> tuple[Fault, ...]:
    """The recorded faults of a subject."""
    path = specs_folder() / SIGNATURES
    if not path.is_file():
        return ()
    return read_faults(json.loads(path.read_text(encoding="utf-8")), subject)


def read_faults(content: Mapping[str, Any], subject: Subject) -> tuple[Fault, ...]:
    """The faults of a subject in the content of the file."""
    titles: Sequence[str] = content["titles"]
    runs = len(content["seeds"])
    return tuple(
        Fault(
            id=id_,
            title=row["title"],
            fails={
                rule: {titles[int(number)]: count / runs for number, count in by.items()}
                for rule, by in row["fails"].items()
            },
        )
        for id_, row in content["faults"].get(subject.value, {}).items()
    )
