"""Schemathesis at work: reads questions from standard input, one JSON a line, answers likewise.

This file is run as a script by the class ``Generator`` of the module beside it, and imports nothing
of the kit. A question with a description and a seed is answered by cases; one
with an answer of the API by what does not fit. Bodies travel as text of one character a byte.
"""

import contextlib
import gzip
import json
import os
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib.metadata import version
from typing import Any, TextIO

__all__: list[str] = []

#: Stands where the path takes an order; the kit sends to orders of its own.
UUID = "00000000-0000-4000-8000-000000000000"
#: How far the making of cases stands behind whoever asks, where both want the machine.
_BEHIND = 10
#: What another version may lack or name otherwise.
_OTHER_VERSION = (ImportError, AttributeError, TypeError)


def main(questions: TextIO, answers: TextIO) -> None:
    """Answer until there are no more questions."""
    operations: dict[str, Any] = {}
    for line in questions:
        question = json.loads(line)
        if "description" in question:
            with ThreadPoolExecutor(1, initializer=_stand_behind) as aside:
                told = aside.submit(_generated, question, operations).result()
        else:
            told = {"misfits": _misfits(operations[question["operation"]], question)}
        answers.write(json.dumps(told) + "\n")
        answers.flush()


def _stand_behind() -> None:
    """Rules are judged while cases are made, by a process that is told of a finding the sooner. Its
    answers wait for nobody: on Linux only this thread stands behind.
    """
    if hasattr(os, "nice"):
        os.nice(_BEHIND)


def _generated(question: dict[str, Any], operations: dict[str, Any]) -> dict[str, Any]:
    """The cases of a seed; ``operations`` are kept for judging."""
    try:
        operations |= _operations(question)
        cases = [
            {**case, "operation": name}
            for name, operation in operations.items()
            for case in _cases(operation, question["seed"], question["examples"])
        ]
    except _OTHER_VERSION as error:
        return {
            "unusable": f"Schemathesis {version('schemathesis')}: {type(error).__name__}: {error}"
        }
    return {"cases": cases}


def _operations(question: dict[str, Any]) -> dict[str, Any]:
    """The operations by name, with an explicit configuration: no file of the user's counts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import schemathesis

    _know_utf_8()
    schema = schemathesis.openapi.from_dict(question["description"], config=schemathesis.Config())
    return {name: schema[path][method] for name, (method, path) in question["operations"].items()}


def _know_utf_8() -> None:
    """Before Hypothesis draws a text it tries each of a million characters, and keeps what it finds
    in its folder, for the next time. Our folder is always new, and of UTF-8 the answer is known:
    all but surrogates. Where it keeps that elsewhere, it takes its second.
    """
    with contextlib.suppress(*_OTHER_VERSION, OSError):
        from hypothesis.internal.charmap import charmap_file

        path = charmap_file("codec-v2-utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        encodable, lossy = [[0, 0xD7FF], [0xE000, sys.maxunicode]], list[int]()
        path.write_bytes(gzip.compress(json.dumps([encodable, lossy]).encode()))


def _cases(operation: Any, seed: int, examples: int) -> Iterator[dict[str, Any]]:
    """The cases of one operation, each body once: of the coverage phase, then of fuzzing."""
    from schemathesis import GenerationMode

    seen = set()
    drawn = [("coverage", case) for case in _covering(operation)]
    if operation.method.upper() != "GET":
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            drawn += [("fuzzing", case) for case in _fuzzed(operation, mode, seed, examples)]
    for phase, case in drawn:
        body = _body(case)
        if body not in seen:
            seen.add(body)
            text = None if body is None else body.decode("latin-1")
            yield {"phase": phase, "body": text, "about": _about(case)}


def _covering(operation: Any) -> Iterator[Any]:
    """The coverage phase, as far as bodies go: other methods, paths, headers and keys are the
    business of rules that know what to expect of them.
    """
    from schemathesis import GenerationMode
    from schemathesis.core.parameters import ParameterLocation

    config = operation.schema.config.generation_for(operation=operation, phase="coverage")
    for case in operation.schema.iter_coverage_cases(
        operation, generation_modes=list(GenerationMode), generation_config=config
    ):
        where = case.meta.phase.data.parameter_location
        of_body = where is ParameterLocation.BODY or case.meta.generation.mode.is_positive
        if of_body and case.method.upper() == operation.method.upper():
            yield case


def _fuzzed(operation: Any, mode: Any, seed: int, examples: int) -> list[Any]:
    """The fuzzing phase: drawn, not sent, so that what is sent never depends on an answer."""
    import hypothesis

    drawn: list[Any] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(hypothesis.Phase.generate,),
        suppress_health_check=(),
        verbosity=hypothesis.Verbosity.quiet,
        print_blob=False,
    )
    @hypothesis.given(operation.as_strategy(generation_mode=mode, path_parameters={"uuid": UUID}))
    def draw(case: Any) -> None:
        drawn.append(case)

    draw()
    return drawn


def _body(case: Any) -> bytes | None:
    """The body as Schemathesis serializes it; nothing where it leaves the body out."""
    sent = case.as_transport_kwargs(base_url="http://localhost")
    if "json" in sent:
        return json.dumps(sent["json"]).encode()
    data = sent.get("data")
    return data.encode() if isinstance(data, str) else data


def _about(case: Any) -> str:
    """What the case is meant to try, in a few words."""
    description = getattr(case.meta.phase.data, "description", None)
    return f"{case.meta.generation.mode.value}" + (f", {description}" if description else "")


def _misfits(operation: Any, question: dict[str, Any]) -> list[dict[str, str]]:
    """What Schemathesis says of an answer: its schema and its content type, nothing else."""
    import httpx
    from schemathesis.core.failures import FailureGroup
    from schemathesis.openapi.checks import JsonSchemaError
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
    )

    kind = question["content_type"]
    response = httpx.Response(
        question["status"],
        headers={} if kind is None else {"content-type": kind},
        content=question["body"].encode("latin-1"),
        request=httpx.Request(operation.method.upper(), "http://localhost/"),
    )
    response.elapsed = timedelta(0)
    case = operation.Case(path_parameters={"uuid": UUID})
    try:
        case.validate_response(
            response, checks=[response_schema_conformance, content_type_conformance]
        )
    except FailureGroup as group:
        return [
            {
                "kind": "schema" if isinstance(failure, JsonSchemaError) else "content type",
                "message": f"{failure.title}: {failure.message}",
            }
            for failure in group.exceptions
        ]
    return []


if __name__ == "__main__":
    talk, sys.stdout = sys.stdout, sys.stderr
    main(sys.stdin, talk)
