"""Pages to look at: made-up runs that have all that a page can hold."""

from typing import Any
from unittest import mock

from tests.report import samples

from points_conformance.judging.causes import Cause, Diagnosis
from points_conformance.judging.step import Step
from points_conformance.judging.verdict import Cost, Evidence, Outcome, OutcomeKind, Verdict
from points_conformance.report import html
from points_conformance.report.run import RunReport
from points_conformance.subjects import Subject

ARABIC = "تم رفض الاسترداد لأن المبلغ أكبر من المتبقي"
CAUSE = "Each partial refund is compared with the total alone: their sum may exceed it."
HOSTILE = (
    "</pre></details><script>window.stolen = 1; alert(1)</script><img src=http://198.51.100.7/x "
    "onerror=alert(2)>\"'{{ 7*7 }}\x1b\u202e" + "W" * 300
)


def _step(said: str, answer: str = "", **fields: Any) -> Step:
    return Step(**{"teller": "kit", "hearer": "server", "said": said, "answer": answer} | fields)


STORY = (
    _step("POST /orders/A/refund amount 60.00", "HTTP 200 partially_refunded", after="40.00 left"),
    _step("webhook refunded A 60.00", "HTTP 200", teller="server", hearer="kit", event=True),
    _step("POST /orders/A/refund amount 40.01", "HTTP 200", after="0.01 too much", wrong=True),
)
TIMELINE = (
    _step("fault: the connection is closed without an answer", hearer=""),
    _step("asked: refund 25.00 SAR", hearer="client", at=0.0),
    _step("POST /…/refund", "no answer", teller="client", hearer="API", lost=True, at=0.4),
    _step("POST /…/refund", "HTTP 200", teller="client", hearer="API", at=1.2),
    _step("said: done", teller="client", hearer="kit", after="50.00 SAR went back", at=1.3),
)
FOUND = Evidence(
    title="more goes back than is left",
    expected="a refund of 40.01 to be refused: 40.00 SAR are left",
    got=f"HTTP 200: {ARABIC}",
    story=("make an order of 100.00 SAR", ARABIC),
    curl=samples.EVIDENCE.curl,
    exchanges=("POST /orders/5f3c/refund -> 200",),
    steps=STORY,
    cost=Cost(
        amount="0.01",
        unit="SAR",
        of="100.00",
        loses="merchant",
        text="0.01 SAR more than was paid, on one order of 100.00: the merchant loses it",
    ),
)


def failing() -> RunReport:
    """Failures with a drawn story and a cost, and a result of nearly every verdict."""
    found = samples.outcomes_of_failing_run()
    found[samples.SECOND.id] = samples.outcome(
        samples.SECOND.id, OutcomeKind.BROKEN, evidence=FOUND, moves=_MOVES
    )
    known = {samples.LISTED.id: "PAY-123: mended in the next release"}
    options = ("--webhook-listen", "127.0.0.1:0")
    return samples.failing(results=samples.results(found, known), arguments=options)


_MOVES = (
    "approved > refund part > partially_refunded",
    "partially_refunded > refund rest > fully_refunded",
)


def hostile() -> RunReport:
    """A target that says nothing but what should not be obeyed."""
    evidence = Evidence(
        title=HOSTILE,
        expected=HOSTILE,
        got=HOSTILE,
        story=(HOSTILE,),
        curl=(HOSTILE,),
        exchanges=(HOSTILE,),
        rounds=HOSTILE,
        steps=(_step(HOSTILE, HOSTILE, after=HOSTILE), _step(HOSTILE, hearer="")),
    )
    found: dict[str, Outcome] = {
        rule.id: samples.outcome(rule.id, OutcomeKind.BROKEN, evidence=evidence)
        for rule in (samples.NEW, samples.ENVELOPE)
    }
    found[samples.SETTLED.id] = samples.outcome(
        samples.SETTLED.id, OutcomeKind.READ, readings={HOSTILE: HOSTILE}
    )
    return samples.failing(
        results=samples.results(found), target=HOSTILE, notes=(HOSTILE,), plan=(HOSTILE,)
    )


def client() -> RunReport:
    """A client's timeline of faults."""
    evidence = Evidence(title="more went back", expected="25.00", got="50.00", steps=TIMELINE)
    found = {samples.NEW.id: samples.outcome(samples.NEW.id, OutcomeKind.BROKEN, evidence=evidence)}
    return samples.failing(results=samples.results(found), subject=Subject.CLIENT)


MADE_UP = {
    "failing": failing,
    "passing": samples.passing,
    "partial": samples.partial,
    "empty": samples.report,
    "client": client,
    "hostile": hostile,
}


def page(name: str) -> str:
    """The page of one of them, with a cause that no recording changes."""
    report = MADE_UP[name]()
    with mock.patch.object(RunReport, "diagnosis", _diagnosis(report)):
        return html.render(report)


def _diagnosis(report: RunReport) -> Diagnosis:
    """A cause of what is drawn, and another candidate."""
    if not report.of(Verdict.FAILED):
        return Diagnosis()
    title = HOSTILE if report.target == HOSTILE else CAUSE
    likely = Cause(id="a", title=title, explains=(samples.SECOND.id,), of=2, fit=0.84)
    others = [
        Cause(
            id=id_, title=f"{id_}: {title}", explains=likely.explains, of=2, fit=fit, likely=False
        )
        for id_, fit in (("b", 0.61), ("c", 0.4))
    ]
    return Diagnosis(causes=(likely, *others))
