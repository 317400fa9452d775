"""junit.xml: a test case for each rule, for CI systems."""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from xml.etree import ElementTree as Xml

from points_conformance.judging.verdict import Result, RunVerdict, Verdict
from points_conformance.report.run import RunReport, rerun_command
from points_conformance.report.text import plain

__all__ = ["render"]

_NO_XML: Final = re.compile("[\ufffe\uffff]")
_FAILS: Final = {Verdict.FAILED: "failure", Verdict.ERROR: "error"}
_SKIPS: Final = frozenset({Verdict.KNOWN, Verdict.BLOCKED, Verdict.NOT_EXERCISED})


def render(report: RunReport) -> str:
    """The text of junit.xml. What says nothing either way has a case in error: without one, a file
    without failures would be read as green.
    """
    suite = Xml.Element("testsuite", name=f"points-conformance {report.subject}")
    suite.set("timestamp", f"{report.started:%Y-%m-%dT%H:%M:%S}")
    _properties(suite, _about(report))
    for result in report.results:
        _case(suite, report, result)
    for reason in report.because if report.verdict is not RunVerdict.CONFORMANT else ():
        _told(_named(suite, "the whole"), "error", reason, "")
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(kind, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("time", f"{report.seconds:.3f}")
    text = Xml.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites>{text}</testsuites>\n'


def _case(suite: Xml.Element, report: RunReport, result: Result) -> None:
    case = _named(suite, result.rule.id, time=f"{result.seconds:.3f}")
    sources = [("source", str(source)) for source in result.rule.sources]
    _properties(case, [("level", result.rule.level), *sources, ("verdict", result.verdict)])
    verdict = result.verdict
    tag = _FAILS.get(verdict, "skipped" if verdict in _SKIPS else "")
    if verdict is Verdict.ADVICE and report.strict:
        tag = "failure"
    if not tag:
        return
    evidence, found_by = result.evidence, report.found_by(result.rule.id)
    said = f"{verdict}: {evidence.title if evidence else result.reason}"
    lines = [result.rule.statement]
    if evidence is not None:
        lines += [f"expected: {evidence.expected}", f"got: {evidence.got}", *evidence.story]
        lines += [evidence.cost.text] if evidence.cost else []
        lines += [rerun_command(report, result.rule.id)]
    _told(case, tag, f"{said} ({found_by})" if found_by else said, "\n".join(lines))


def _about(report: RunReport) -> Iterator[tuple[str, str]]:
    """What is said of the whole."""
    yield "verdict", report.verdict
    yield "target", report.target
    yield "profile", report.profile
    yield "seeds", report.seeds_said
    unlikely = "possible cause" if report.diagnosis.several else "nearest fault"
    for cause in report.diagnosis.causes:
        explains = f"explains {len(cause.explains)} of {cause.of}"
        yield ("likely cause" if cause.likely else unlikely), f"{cause.title} ({explains})"


def _properties(of: Xml.Element, pairs: Iterable[tuple[str, str]]) -> None:
    properties = Xml.SubElement(of, "properties")
    for name, value in pairs:
        Xml.SubElement(properties, "property", name=name, value=_fit(value))


def _named(suite: Xml.Element, name: str, **more: str) -> Xml.Element:
    attributes = {"classname": suite.get("name", ""), "name": name, **more}
    return Xml.SubElement(suite, "testcase", attributes)


def _told(case: Xml.Element, tag: str, message: str, text: str) -> None:
    Xml.SubElement(case, tag, message=_fit(message)).text = _fit(text)


def _fit(text: str) -> str:
    return _NO_XML.sub("?", plain(text))
