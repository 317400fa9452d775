"""The options, once: the command offers them as ``--name``, pytest as ``--points-name`` and ini."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from points_conformance.subjects import Subject, part

__all__ = [
    "COMMON",
    "FIRST",
    "FIXTURE_OPTIONS",
    "NO_DOCSTRINGS",
    "Option",
    "every_option",
    "options_of",
]

#: What is said where Python leaves docstrings out.
NO_DOCSTRINGS = (
    "rules are stated in docstrings, which PYTHONOPTIMIZE=2 (python -OO) leaves out: run without it"
)

Kind = Literal["text", "flag", "many"]


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name with hyphens, what it takes, and its help.

    ``environment``: the variable that stands in for it where the command is given none.
    ``instead``: what the command does in place of judging where it is given, as ``module:name``: a
    function of the options, the environment and what prints a line, that returns the exit status.
    """

    name: str
    help: str
    kind: Kind = "text"
    metavar: str = "TEXT"
    environment: str = ""
    instead: str = ""

    @property
    def key(self) -> str:
        """The name with underscores."""
        return self.name.replace("-", "_")


#: Those of every run that judges.
COMMON = (
    Option("profile", "smoke, standard (default) or deep", metavar="NAME"),
    Option("seed", "a whole number (default 0), A..B (the command alone), or random", metavar="N"),
    Option("select", "judge only the rules that match; repeatable", "many", "GLOB"),
    Option("deselect", "leave out the rules that match; repeatable", "many", "GLOB"),
    Option("known-failures", "TOML file of failures that are known", metavar="FILE"),
    Option("strict", "SHOULD counts as MUST", "flag"),
    Option("report-dir", "where the report goes", metavar="DIR"),
    Option(
        "side-by-side",
        "how many rules (of a client: cases) at once; 1 turns it off",
        metavar="N",
    ),
    Option("verbose", "tell all evidence on the terminal as well (-v)", "flag"),
    Option("dry-run", "print the plan and the orders needed, send nothing", "flag"),
)


#: What ``pytest --help`` tells of; all of them ``pytest --points-help`` does.
FIRST = frozenset(("profile", "seed", "select", "known-failures", "report-dir", "base-url", "live"))


def options_of(subject: Subject) -> tuple[Option, ...]:
    """Those of all runs, then the subject's own."""
    return (*COMMON, *part(subject.who.options))


#: Of pytest alone: what the fixtures ``points`` and ``points_sandbox`` are over.
FIXTURE_OPTIONS = (
    Option("live", "run the tests that ask for points against the server of the base URL", "flag"),
    Option("live-may-skip", "a live run passes in which every such test lacked something", "flag"),
)


def every_option() -> Iterator[Option]:
    """Those of all runs, then each subject's own."""
    yield from COMMON
    for subject in Subject:
        yield from part(subject.who.options)
