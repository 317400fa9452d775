"""Known failures excuse what they list, and nothing else; pinned readings must stay."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points_conformance.judging.known import (
    KnownError,
    KnownFailure,
    KnownFailures,
    accepting,
    entries_for,
    load_known,
    matching,
    pinned,
)
from points_conformance.judging.rule import Level, Rule
from points_conformance.judging.verdict import Evidence, Outcome, OutcomeKind, Result, Verdict
from points_conformance.subjects import Subject

TODAY = date(2026, 11, 22)


def rule(id_: str, level: Level = Level.MUST, **fields: Any) -> Rule:
    """A rule that checks nothing."""
    return Rule(
        id=id_,
        level=level,
        statement="It MUST.",
        sources=(),
        subject=Subject.API,
        check=print,
        **fields,
    )


RULES = (
    rule("cancel.new", aliases=("cancel.old",)),
    rule("refund.part"),
    rule("reading.cancel-settled", Level.OBSERVE, matter="cancel-settled"),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a file of known failures may be written."""
    return tmp_path / "known.toml"


def test_every_key_of_an_entry_is_read(file: Path) -> None:
    """Rule, reason, title, expiry, intermittence; readings beside them."""
    file.write_text(
        """
        [[known]]
        rule = "cancel.old"
        reason = "PAY-1"
        title = "a title"
        expires = 2027-01-31
        intermittent = true
        [[known]]
        rule = "refund.part"
        reason = "PAY-2"
        [readings]
        "cancel-settled/approved" = "refused"
        """,
        encoding="utf-8",
    )
    assert load_known(file, RULES) == KnownFailures(
        failures=(
            KnownFailure(
                rule="cancel.new",
                reason="PAY-1",
                title="a title",
                expires=date(2027, 1, 31),
                intermittent=True,
            ),
            KnownFailure(rule="refund.part", reason="PAY-2"),
        ),
        readings={"cancel-settled/approved": "refused"},
    )


def test_a_file_may_list_nothing(file: Path) -> None:
    """Which is what is left when all is mended."""
    file.write_text("# all mended\n", encoding="utf-8")
    assert load_known(file, RULES) == KnownFailures()


def test_two_findings_of_one_rule_may_be_listed(file: Path) -> None:
    """Where each entry names its own by the title."""
    entry = '[[known]]\nrule = "refund.part"\nreason = "r"\ntitle = "{}"\n'
    file.write_text(entry.format("one") + entry.format("two"), encoding="utf-8")
    assert [failure.title for failure in load_known(file, RULES).failures] == ["one", "two"]


ENTRY = '[[known]]\nrule = "refund.part"\nreason = "r"\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[known]", ": is not TOML: "),
        (
            '[known]\nrule = "refund.part"',
            ": known is no list of entries: head each with [[known]]",
        ),
        ("known = [1]", ": known is no list of entries: head each with [[known]]"),
        ("[[knwon]]", ": unknown key 'knwon': use known, readings"),
        ('[[known]]\nreason = "r"', ": entry 1: rule is missing: name the rule by its ID"),
        ('[[known]]\nrule = ""\nreason = "r"', ": entry 1 (): rule is missing: name the rule"),
        ('[[known]]\nrule = 7\nreason = "r"', ": entry 1: rule is no text: name the rule"),
        ('[[known]]\nrule = "refund.part"', ": entry 1 (refund.part): reason is missing: say why"),
        ('[[known]]\nrule = "refund.part"\nreason = " "', "(refund.part): reason is missing: say"),
        (ENTRY + "reson = 'x'", ": entry 1 (refund.part): unknown key 'reson': use rule, reason"),
        (ENTRY + "title = ''", ": entry 1 (refund.part): title is missing: copy it from the"),
        (ENTRY + "expires = 'soon'", "(refund.part): expires is no date: write it as expires ="),
        (ENTRY + "expires = 2027-01-31T10:00:00", "(refund.part): expires is no date: write"),
        (ENTRY + "expires = 7", "(refund.part): expires is no date: write it as expires ="),
        (ENTRY + "expires = 2027-02-31", ": is not TOML: "),
        (ENTRY + "intermittent = 'yes'", "(refund.part): intermittent is neither true nor false"),
        (ENTRY + ENTRY, ": entry 2 (refund.part): the rule is listed before: keep one entry"),
        (ENTRY + ENTRY + "title = 'x'", ": entry 2 (refund.part): the rule is listed before"),
        (ENTRY + "title = 'x'\n" + ENTRY, ": entry 2 (refund.part): the rule is listed before"),
        (
            ENTRY + '[[known]]\nrule = "refund.prat"\nreason = "r"',
            ": entry 2 (refund.prat): no rule has this ID: see points-conformance rules",
        ),
        ("unexercised = 1", ": unexercised is no list of entries: head each with [[unexercised]]"),
        ('[[unexercised]]\nreason = "r"', ": unexercised entry 1: rule is missing: name the rules"),
        ('[[unexercised]]\nrule = "refund.*"', "entry 1 (refund.*): reason is missing: say why"),
        (
            '[[unexercised]]\nrule = "webhook.*"\nreason = "r"',
            ": unexercised entry 1 (webhook.*): matches no rule: see points-conformance rules",
        ),
        ('[[unexercised]]\nrule = "refund.*"\ntitle = "x"', "(refund.*): unknown key 'title'"),
        (
            '[[unexercised]]\nrule = "refund.*"\nreason = "r"\nexpires = 7',
            "(refund.*): expires is no date",
        ),
        ("readings = 1", ": readings is no table: head it with [readings]"),
        ("[readings]\na = 1", ': readings, \'a\': is no text: write "matter/kind" = "reading"'),
    ],
)
def test_a_mistake_is_one_line_with_file_entry_and_what_to_do(
    file: Path, text: str, complaint: str
) -> None:
    """A list that does not mean what it says must not excuse anything."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(KnownError) as caught:
        load_known(file, RULES)
    said = str(caught.value)
    assert said.startswith(f"{file}: ")
    assert complaint in said
    assert "\n" not in said


def test_an_old_id_counts_as_the_present_one_when_doubles_are_looked_for(file: Path) -> None:
    """Both names would excuse the same failures."""
    entry = '[[known]]\nrule = "{}"\nreason = "r"\n'
    file.write_text(entry.format("cancel.new") + entry.format("cancel.old"), encoding="utf-8")
    with pytest.raises(KnownError, match=r"entry 2 \(cancel.new\): the rule is listed before"):
        load_known(file, RULES)


def test_a_file_that_cannot_be_read_is_named(file: Path) -> None:
    """A missing file, a folder, and text that is not UTF-8."""
    with pytest.raises(KnownError, match=r"cannot be read \(No such file"):
        load_known(file)
    with pytest.raises(KnownError, match="cannot be read"):
        load_known(file.parent)
    file.write_bytes(b"# caf\xe9")
    with pytest.raises(KnownError, match="is not UTF-8: save it as UTF-8"):
        load_known(file)


def outcome(kind: OutcomeKind, title: str = "a title") -> dict[str, Outcome]:
    """What refund.part came to."""
    evidence = Evidence(title=title, expected="1", got="2") if kind is OutcomeKind.BROKEN else None
    return {"refund.part": Outcome(rule="refund.part", kind=kind, evidence=evidence)}


def listed(**fields: Any) -> KnownFailures:
    """One entry for refund.part."""
    return KnownFailures(failures=(KnownFailure(rule="refund.part", reason="PAY-2", **fields),))


HELD, BROKEN, MISSING = OutcomeKind.HELD, OutcomeKind.BROKEN, OutcomeKind.MISSING
YESTERDAY, TOMORROW = date(2026, 11, 21), date(2026, 11, 23)
GONE = "known failure refund.part: does not fail any more; remove the entry"
OVER = (
    "known failure refund.part: expired after 2026-11-21; mend the target, or decide anew and set "
    "a new day"
)


@pytest.mark.parametrize(
    ("entry", "outcomes", "known", "stale"),
    [
        ({}, outcome(BROKEN), True, None),
        ({"title": "a title"}, outcome(BROKEN), True, None),
        ({"title": "another"}, outcome(BROKEN), False, None),
        ({}, outcome(HELD), False, GONE),
        ({"title": "another"}, outcome(HELD), False, GONE),
        ({"intermittent": True}, outcome(HELD), False, None),
        ({"intermittent": True}, outcome(BROKEN), True, None),
        ({}, outcome(OutcomeKind.READ), False, GONE),
        ({}, outcome(MISSING), False, None),
        ({}, outcome(OutcomeKind.NETWORK), False, None),
        ({}, outcome(OutcomeKind.CRASHED), False, None),
        ({}, {}, False, None),
        ({"expires": TODAY}, outcome(BROKEN), True, None),
        ({"expires": TOMORROW}, outcome(BROKEN), True, None),
        ({"expires": TOMORROW}, outcome(HELD), False, GONE),
        ({"expires": YESTERDAY}, outcome(BROKEN), False, OVER),
        ({"expires": YESTERDAY, "intermittent": True}, outcome(HELD), False, OVER),
        ({"expires": YESTERDAY}, {}, False, OVER),
    ],
)
def test_an_entry_is_known_stale_or_neither(
    entry: dict[str, Any], outcomes: dict[str, Outcome], known: bool, stale: str | None
) -> None:
    """Known is what failed as listed; stale what passes again or whose day is over."""
    accepted, complaints = matching(listed(**entry), outcomes, TODAY)
    assert accepted == ({"refund.part": "PAY-2"} if known else {})
    assert complaints == ([stale] if stale else [])


def test_an_entry_that_names_no_rule_is_stale() -> None:
    """Where the caller says which rules there are."""
    _, complaints = matching(listed(), {}, TODAY, rules=[rule("cancel.new")])
    assert complaints == [
        "known failure refund.part: no rule has this ID; correct the entry or remove it"
    ]
    assert matching(listed(), {}, TODAY, rules=RULES) == ({}, [])


def test_a_failure_without_evidence_matches_no_title() -> None:
    """Only an entry for any failure of the rule covers it."""
    bare = {"refund.part": Outcome(rule="refund.part", kind=BROKEN)}
    assert matching(listed(title="a title"), bare, TODAY) == ({}, [])
    assert matching(listed(), bare, TODAY)[0] == {"refund.part": "PAY-2"}


READER = rule("reading.settled", Level.OBSERVE, matter="cancel-settled")


@pytest.mark.parametrize(
    ("readings", "results", "changed", "unmet"),
    [
        ({"cancel-settled/approved": "refused"}, [], None, None),
        (
            {"cancel-settled/approved": "accepted"},
            [],
            "pinned reading cancel-settled/approved: expected 'refused'; got 'accepted'",
            None,
        ),
        (
            {},
            [],
            None,
            "pinned reading cancel-settled/approved: not exercised: no rule of this run reads it",
        ),
        (
            {},
            [Result(rule=READER, verdict=Verdict.NOT_EXERCISED, reason="no orders")],
            None,
            "pinned reading cancel-settled/approved: not exercised: "
            "reading.settled is not exercised: no orders",
        ),
        (
            {"cancel-settled/captured": "refused"},
            [Result(rule=READER, verdict=Verdict.OBSERVED)],
            None,
            "pinned reading cancel-settled/approved: not exercised: "
            "reading.settled did not meet this kind of input",
        ),
    ],
)
def test_a_pinned_reading_stays_changes_or_is_not_met(
    readings: dict[str, str], results: list[Result], changed: str | None, unmet: str | None
) -> None:
    """A change fails the run; one that was not met says why."""
    pins = KnownFailures(readings={"cancel-settled/approved": "refused"})
    assert pinned(pins, readings, results) == (
        [changed] if changed else [],
        [unmet] if unmet else [],
    )


def failure(title: str, verdict: Verdict = Verdict.FAILED) -> Result:
    """A failure of refund.part."""
    evidence = Evidence(title=title, expected="1", got="2")
    return Result(rule=RULES[1], verdict=verdict, evidence=evidence)


@given(title=st.text(st.characters(codec="utf-8")))
def test_ready_made_entries_load_and_match(
    title: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the title has in it: what a run prints can be pasted."""
    file = tmp_path_factory.mktemp("known") / "known.toml"
    file.write_bytes(entries_for([failure(title)]).encode())
    known = load_known(file, RULES)
    assert set(matching(known, outcome(BROKEN, title), TODAY)[0]) == {"refund.part"}


def test_half_a_surrogate_pair_in_a_title_still_makes_toml(file: Path) -> None:
    """TOML has no such character; the entry then matches no more, and says so by failing."""
    file.write_text(entries_for([failure("a \ud83d b")]), encoding="utf-8")
    assert load_known(file, RULES).failures[0].title == "a � b"


def test_entries_are_for_what_fails_the_run() -> None:
    """Advice is listed where it counts."""
    advice = failure("x", Verdict.ADVICE)
    passed = Result(rule=RULES[0], verdict=Verdict.PASSED)
    assert entries_for([advice, passed]) == ""
    assert entries_for([advice, passed], strict=True).count("[[known]]") == 1


GAPS = """
[[unexercised]]
rule = "refund.*"
reason = "PAY-140"
expires = 2026-11-22

[[unexercised]]
rule = "cancel.old"
reason = "PAY-141"
"""


def test_rules_may_be_accepted_unexercised_until_the_last_day(file: Path) -> None:
    """By an ID, an old ID or a glob; the day after the entry excuses nothing and is told."""
    file.write_text(GAPS, encoding="utf-8")
    known = load_known(file, RULES)
    assert accepting(known, RULES, date(2026, 11, 22)) == (
        {"refund.part": "PAY-140", "cancel.new": "PAY-141"},
        [],
    )
    accepted, expired = accepting(known, RULES, date(2026, 11, 23))
    assert accepted == {"cancel.new": "PAY-141"}
    assert len(expired) == 1
    assert expired[0].startswith("unexercised refund.*: expired after 2026-11-22")


@pytest.mark.parametrize("key", ["cancel-setled/approved", "cancel-setled", "refund.part", "", "/"])
def test_a_pinned_reading_whose_name_is_mistyped_is_refused(file: Path, key: str) -> None:
    """As an unknown rule is: it would hold nothing, for ever, and only a note would say so."""
    file.write_text(f'[readings]\n"{key}" = "refused"\n', encoding="utf-8")
    with pytest.raises(KnownError, match="no rule reads this matter") as caught:
        load_known(file, RULES)
    assert "\n" not in str(caught.value)
    if key.startswith("cancel"):
        assert "is it 'cancel-settled'?" in str(caught.value)
