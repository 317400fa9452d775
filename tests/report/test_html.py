"""The page: safe to open, without a network, whatever the target said."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from tests.report import samples

from points_conformance.judging.causes import Cause, Diagnosis
from points_conformance.judging.step import Step
from points_conformance.judging.verdict import Cost, Evidence, Result, Verdict
from points_conformance.report import html
from points_conformance.report.run import RunReport

VOID = {"meta", "br", "input"}


class Reader(HTMLParser):
    """Collects elements, attributes and text, and asserts that elements nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def count(self, tag: str) -> int:
        """How many elements of this kind there are."""
        return sum(name == tag for name, _ in self.elements)

    def words(self) -> str:
        """What a reader sees, spaces collapsed."""
        return " ".join(" ".join(self.text).split())


REPORTS = {
    "failing": samples.failing(),
    "passing": samples.passing(),
    "partial": samples.partial(),
    "empty": samples.report(),
    "scoped": samples.passing(scope=("cancel.*",), strict=True),
}


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_is_one_file_that_loads_nothing(name: str) -> None:
    """No link, image, import or frame: nothing but itself, and the browser is told so."""
    page = html.render(REPORTS[name])
    reader = Reader(page)
    loading = {"src", "action", "data", "srcset", "poster", "background"}
    assert not [attrs for _, attrs in reader.elements if loading & attrs.keys()]
    links = [attrs["href"] for _, attrs in reader.elements if "href" in attrs]
    assert all(link is not None and link.startswith("#") for link in links)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|<link|<iframe|<base", page)
    assert "default-src 'none'" in page


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_speaks_of_no_url_but_the_targets(name: str) -> None:
    """Nothing of ours could be fetched by a curious reader's tool."""
    urls = set(re.findall(r"\w+://[^/\s<]+", html.render(REPORTS[name])))
    assert urls <= {"https://sandbox.papp.sa"}


HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7*7 }}\x1b\u202e"


def test_what_a_target_said_is_only_text() -> None:
    """In every place where its words can stand."""
    evidence = Evidence(
        title=HOSTILE,
        expected=HOSTILE,
        got=HOSTILE,
        story=(HOSTILE,),
        curl=(HOSTILE,),
        exchanges=(HOSTILE,),
        rounds=HOSTILE,
    )
    rule = samples.rule("cancel.new-order", statement=HOSTILE, sources=(samples.CANCEL,))
    results = [
        Result(rule=rule, verdict=Verdict.FAILED, evidence=evidence, readings={HOSTILE: HOSTILE}),
        Result(rule=samples.DEFAULT, verdict=Verdict.NOT_EXERCISED, reason=HOSTILE),
    ]
    texts = (HOSTILE,)
    page = html.render(
        samples.failing(
            results=results,
            target=HOSTILE,
            readings={HOSTILE: HOSTILE},
            plan=texts,
            effect=texts,
            notes=texts,
            scope=texts,
            partial=True,
            interrupted=HOSTILE,
            versions={"kit": HOSTILE},
        )
    )
    reader = Reader(page)
    assert reader.count("script") == 1
    assert reader.count("img") == 0
    assert not [attrs for _, attrs in reader.elements if "onerror" in attrs]
    assert "{{ 7*7 }}" in reader.words()
    assert not set(page) & set("\x1b\u202e")
    assert reader.words().count("<script>alert(1)</script>") >= 15


def test_a_failure_is_told_whole() -> None:
    """Statement, source, expected, got, story, curl, the command: all that the terminal has."""
    words = Reader(html.render(samples.failing())).words()
    assert "A cancelled order MUST refuse another cancel and stay as it is." in words
    assert "Refunds & Cancellations, Cancel an order; inferred, final statuses are final" in words
    for text in (samples.EVIDENCE.expected, samples.EVIDENCE.got, *samples.EVIDENCE.story):
        assert text in words
    assert '-d \'{"reason":"out of stock"}\'' in words
    assert "--seed 0 --select cancel.second-is-refused" in words


def test_every_rule_has_a_row_with_its_verdict() -> None:
    """The filter hides rows by it; without scripts all are there."""
    elements = Reader(html.render(samples.failing())).elements
    rows = [attrs for _, attrs in elements if "data-rule" in attrs]
    shown = [(attrs["id"], attrs["data-verdict"]) for attrs in rows]
    results = samples.failing().results
    assert Counter(shown) == Counter(
        (item.rule.id, item.verdict.value.replace(" ", "-")) for item in results
    )
    assert not [attrs for attrs in rows if "hidden" in attrs]


def test_what_is_wrong_comes_before_what_is_not() -> None:
    """Failures, then advice, what was not exercised, what is known; what held comes last."""
    elements = Reader(html.render(samples.failing())).elements
    shown = [attrs["data-verdict"] for _, attrs in elements if "data-rule" in attrs]
    order = ["failed", "advice", "not-exercised", "blocked", "known", "observed", "passed"]
    assert list(dict.fromkeys(shown)) == order


# ---------------------------------------------------------------------- causes
STEP = Step(teller="kit", hearer="server", said="asked")


def cause(id_: str, *explains: str, **fields: Any) -> Cause:
    """A candidate."""
    given = {"title": f"{id_} is wrong", "of": 3, "fit": 0.9, "likely": True, "beside": False}
    return Cause(id=id_, explains=explains, **(given | fields))


def grouped(monkeypatch: pytest.MonkeyPatch, *causes: Cause) -> list[tuple[str, list[str]]]:
    """The headings of the failures, and the rules under each, as the page has them."""
    broken = [samples.rule(f"refund.rule-{n}") for n in range(3)]
    results = [
        Result(
            rule=rule,
            verdict=Verdict.FAILED,
            evidence=Evidence(title="t", expected="e", got="g", steps=(STEP,) * (3 - n)),
        )
        for n, rule in enumerate(broken)
    ]
    diagnosis = property(lambda self: Diagnosis(causes=causes))
    monkeypatch.setattr(RunReport, "diagnosis", diagnosis)
    page = html.render(samples.report(results=results))
    parts = re.split(r'<section class="cause[^>]*>', page)[1:]
    found = [(re.search(r"<h2>(.*?)</h2>", part), part) for part in parts]
    return [
        (title[1] if title else "", re.findall(r'id="(refund\.rule-\d)"', part))
        for title, part in found
    ]


def test_failures_stand_under_their_cause_the_shortest_story_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a second cause explains beside it has a group of its own, and so has the rest."""
    told = grouped(
        monkeypatch,
        cause("sum", "refund.rule-0"),
        cause("status", "refund.rule-1", beside=True),
    )
    assert told == [
        ("sum is wrong", ["refund.rule-0"]),
        ("status is wrong", ["refund.rule-1"]),
        ("Broken, and explained by none of these", ["refund.rule-2"]),
    ]
    whole = grouped(monkeypatch, cause("sum", *(f"refund.rule-{n}" for n in range(3))))
    assert whole == [("sum is wrong", ["refund.rule-2", "refund.rule-1", "refund.rule-0"])]


def test_another_candidate_for_the_same_makes_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named under the first."""
    told = grouped(
        monkeypatch,
        cause("sum", "refund.rule-0"),
        cause("status", "refund.rule-0", "refund.rule-1"),
    )
    assert [title for title, _ in told] == [
        "sum is wrong",
        "Broken, and explained by none of these",
    ]


def test_several_that_may_be_there_at_once_each_have_what_they_explain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a guess."""
    told = grouped(
        monkeypatch,
        cause("sum", "refund.rule-0", likely=False, fit=0.7),
        cause("status", "refund.rule-1", likely=False, fit=0.7, beside=True),
    )
    assert told == [
        ("sum is wrong", ["refund.rule-0"]),
        ("status is wrong", ["refund.rule-1"]),
        ("Broken, and explained by none of these", ["refund.rule-2"]),
    ]
    words = Reader(html.render(samples.report(results=[failed_rule("refund.rule-0")]))).words()
    assert "No known fault fits well; perhaps one of several at once: explains" in words
    assert "Most likely" not in words


def test_of_several_that_explain_as_much_what_costs_money_comes_first() -> None:
    """A consumer that loses money has worse to tell than how it answers."""
    costs = Cost(amount="1.00", unit="SAR", of="2.00", loses="merchant", text="1.00 SAR")
    plain = Evidence(title="t", expected="e", got="g", steps=(STEP,))
    results = [
        replace(failed_rule("refund.rule-0"), evidence=plain),
        replace(failed_rule("refund.rule-1"), evidence=replace(plain, cost=costs)),
    ]
    told = (cause("sum", "refund.rule-0"), cause("status", "refund.rule-1", beside=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunReport, "diagnosis", property(lambda self: Diagnosis(causes=told)))
        page = html.render(samples.report(results=results))
    assert page.index("status is wrong") < page.index("sum is wrong")


def failed_rule(id_: str) -> Result:
    return Result(rule=samples.rule(id_), verdict=Verdict.FAILED, reason="why")


def test_a_fault_that_fits_badly_is_not_called_likely(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as the nearest that is known; without any, what is broken is told alone."""
    near = cause("sum", "refund.rule-0", likely=False, fit=0.3)
    monkeypatch.setattr(RunReport, "diagnosis", property(lambda self: Diagnosis(causes=(near,))))
    result = Result(rule=samples.rule("refund.rule-0"), verdict=Verdict.FAILED, reason="why")
    words = Reader(html.render(samples.report(results=[result]))).words()
    assert "No known fault fits well; the nearest: explains 1 of 3 broken rules, fit 30 %" in words
    assert "Most likely" not in words
    assert grouped(monkeypatch) == [
        ("What is broken", ["refund.rule-2", "refund.rule-1", "refund.rule-0"])
    ]


def test_what_it_costs_stands_with_the_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a story that costs money is told before a shorter one that does not."""
    cost = Cost(amount="1.00", unit="SAR", of="9.00", loses="merchant", text="1.00 SAR is lost")
    monkeypatch.setattr(RunReport, "diagnosis", property(lambda self: Diagnosis()))
    costly = Evidence(title="costly", expected="e", got="g", cost=cost)
    results = [
        Result(rule=samples.NEW, verdict=Verdict.FAILED, evidence=samples.EVIDENCE),
        Result(rule=samples.SECOND, verdict=Verdict.FAILED, evidence=costly),
    ]
    words = Reader(html.render(samples.report(results=results))).words()
    assert words.index("1.00 SAR is lost") < words.index(samples.EVIDENCE.title)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "failing",
            "Not conformant 5 of 6 rules that this run was equipped for "
            "not exercised: 2 lacking it lacked webhook inbox (2)",
        ),
        ("failing", "known failure auth.missing-key: does not fail any more"),
        ("failing", "8 orders made: 6 cancelled, 2 left approved"),
        ("failing", "cancel-settled/approved refused"),
        (
            "passing",
            "Conformant 6 of 6 rules that this run was equipped for "
            "not exercised: 2 lacking it lacked webhook inbox (2) "
            "Every binding rule that was tried held.",
        ),
        ("passing", "2 rules: no webhook inbox: give --webhook-listen"),
        (
            "partial",
            "Inconclusive (partial) 1 of 8 rules that this run was equipped for "
            "not exercised: 7 denied it ended before 7 This run proves nothing either way",
        ),
        ("partial", "Partial: interrupted from the keyboard."),
        ("empty", "no rule was exercised"),
        ("scoped", "In this scope only: cancel.*."),
    ],
)
def test_the_page_says_what_came_of_it(name: str, words: str) -> None:
    """In words that need no knowledge of the kit."""
    assert words in Reader(html.render(REPORTS[name])).words()
