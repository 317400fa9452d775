"""How the test of a rule ends: the text of its failure, the warning of its advice."""

import warnings

from points_conformance.rules.verdict import Result

__all__ = ["PointsAdvice", "advise", "failure_text"]


class PointsAdvice(UserWarning):
    """A SHOULD is broken. Never an error, whatever a project's filters make of warnings: for that
    there is ``--points-strict``.
    """


def advise(text: str) -> None:
    """Warn of advice, whatever a project's filters make of warnings."""
    try:
        warnings.warn(PointsAdvice(text), stacklevel=4)
    except PointsAdvice as advice:
        with warnings.catch_warnings():
            warnings.simplefilter("always", PointsAdvice)
            warnings.warn(advice, stacklevel=4)


def failure_text(result: Result) -> str:
    """What a failed test shows: the rule, its sources, expected and got, the story, the calls."""
    rule, evidence = result.rule, result.evidence
    sources = "; ".join(str(source) for source in rule.sources)
    lines = [f"{rule.id} ({rule.level.value}): {rule.statement}", f"source: {sources}"]
    if evidence is None:
        return "\n".join([*lines, result.reason])
    lines += [f"expected: {evidence.expected}", f"got: {evidence.got}", *evidence.story]
    return "\n".join([*lines, *evidence.exchanges, "", *evidence.curl])
