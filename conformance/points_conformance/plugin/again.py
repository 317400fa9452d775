"""How a run of the user's own pytest is begun again, for one rule of a suite."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

__all__ = ["begun_with", "suite_of"]

#: What chose tests, or is said anew; a value follows where none is joined to it.
_CHOOSES: Final = re.compile(
    r"-[km]|--(?:deselect|maxfail|points-(?:seed|profile|select|deselect))(=.*)?", re.DOTALL
)
#: What chose tests or ended the run early, whole in a word.
_ALONE: Final = re.compile(
    r"-x|--(?:exitfirst|lf|last-failed|ff|failed-first|nf|new-first|sw|stepwise|sw-skip|"
    r"stepwise-skip|points-dry-run)|-[km][^-].*",
    re.DOTALL,
)
#: Flags in one word; x among them.
_CLUSTER: Final = re.compile(r"-[vqslx]{2,}")


def suite_of(config: pytest.Config, items: Iterable[pytest.Item]) -> str:
    """The class of the suite's tests, as pytest is told of it from where it was started."""
    for item in items:
        path = Path(os.path.relpath(item.path, config.invocation_params.dir)).as_posix()
        return "::".join([path, *item.nodeid.split("::")[1:-1]])
    return ""


def begun_with(config: pytest.Config) -> list[str]:
    """The command line of this run, but for what chose its tests."""
    module = Path(sys.argv[0]).name == "__main__.py"
    words = ["python", "-m", "pytest"] if module else ["pytest"]
    return [*words, *_kept(config.invocation_params.args, config.option.file_or_dir)]


def _kept(arguments: Iterable[object], chosen: Iterable[object]) -> Iterator[str]:
    words = iter(map(str, arguments))
    left_out = {*map(str, chosen)}
    for word in words:
        choosing = _CHOOSES.fullmatch(word)
        if choosing is not None:
            if choosing[1] is None:
                next(words, None)
        elif word in left_out or _ALONE.fullmatch(word):
            continue
        elif _CLUSTER.fullmatch(word):
            yield word.replace("x", "")
        else:
            yield word
