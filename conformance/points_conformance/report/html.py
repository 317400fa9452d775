"""report.html: the run for people, one file that needs no network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from points_conformance.judging.verdict import RunVerdict, Verdict
from points_conformance.report.run import RunReport, grouped_by_reason
from points_conformance.report.text import plain

__all__ = ["render"]

_TEMPLATES: Final = Path(__file__).with_name("templates")

_MEANS: Final[Mapping[RunVerdict, str]] = {
    RunVerdict.CONFORMANT: (
        "Every binding rule that was tried held. What was not tried is listed below, with what it "
        "would take."
    ),
    RunVerdict.NOT_CONFORMANT: (
        "At least one binding rule is broken, or something that was accepted before has changed."
    ),
    RunVerdict.INCONCLUSIVE: (
        "This run proves nothing either way: too little could be tried. Why is said below."
    ),
}

_VERDICTS_MEAN: Final[Mapping[str, str]] = {
    Verdict.PASSED: "held",
    Verdict.FAILED: "a MUST is broken",
    Verdict.ADVICE: "a SHOULD is broken: allowed, but unwise",
    Verdict.OBSERVED: "the documentation leaves this open: recorded, not judged",
    Verdict.KNOWN: "fails as listed in the known failures",
    Verdict.BLOCKED: "not judged: a rule before it failed, or the network stood in the way",
    Verdict.NOT_EXERCISED: "not tried: the run lacked what it needs, or was denied it",
    Verdict.ERROR: "the kit itself failed: please report it",
}


def render(report: RunReport) -> str:
    """The page."""
    # Jinja2 is imported here alone: pytest's start must not pay for it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    content = report.to_json()
    return environment.get_template("report.html.j2").render(
        run=content,
        because=[reason for reason in report.because if reason not in report.trouble.stale],
        families=_families(content["rules"]),
        means=_MEANS[report.verdict],
        verdicts_mean=_VERDICTS_MEAN,
        headline=report.headline,
        seeds=report.seeds_said,
        differing=report.differing,
        found_by={result.rule.id: report.found_by(result.rule.id) for result in report.results},
        missing={
            title: grouped_by_reason(results)
            for title, results in (
                ("Denied: equipped for, and not exercised", report.coverage.denied),
                ("Accepted unexercised", report.coverage.accepted),
                ("Not exercised: lacking", report.coverage.lacking),
            )
            if results
        },
    )


def _visible(value: Any) -> Any:
    """Control characters and marks that turn the direction of text, spelt out. Markup is ours."""
    return plain(value) if type(value) is str else value


def _families(rules: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    families: dict[str, list[Mapping[str, Any]]] = {}
    for rule in rules:
        families.setdefault(rule["id"].partition(".")[0], []).append(rule)
    return families
