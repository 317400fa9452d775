"""Every exit status of the judging command, by the real command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.cli.command import KEY, Ended, always, listening, refusal, run
from tests.second_server import SecondServer

from points_conformance.report.names import FILES

SMOKE = ("--profile", "smoke")
SHORT = ("--select", "auth.valid-key")


def refused(done: Ended, *words: str) -> None:
    """Wrong usage or no judgeable target: exit 2 and one or two plain lines that say why."""
    lines = [line for line in done.err.splitlines() if line.strip()]
    assert done.status == 2, done
    assert 1 <= len(lines) <= 2, done.err
    for text in (done.err, done.out):
        assert "Traceback" not in text
        assert "Error:" not in text
    for word in words:
        assert word in done.err


# ---------------------------------------------------------------------- 0
def test_the_embedded_simulator_conforms_in_every_profile_that_is_quick(tmp_path: Path) -> None:
    """The bare command ends with 0, a verdict, and all reports."""
    done = run(tmp_path, *SMOKE, key=None)
    assert done.status == 0, done
    assert done.err == ""
    assert done.report["verdict"] == "conformant"
    assert done.report["partial"] is False
    assert "conformant:" in done.out
    assert "warning" not in done.out
    names = {path.name for path in (tmp_path / "points-conformance-report").iterdir()}
    assert names == set(FILES)


def test_a_live_server_conforms_and_what_it_lacks_is_listed(tmp_path: Path) -> None:
    """Without an orders file 0, and replacing orders are not exercised, with what to supply."""
    with SecondServer("plain") as server:
        done = run(tmp_path, "api", "--base-url", server.base_url, *SMOKE, key=server.key)
        assert server.failures == []
    assert done.status == 0, done
    assert done.report["verdict"] == "conformant"
    assert done.report["counts"]["failed"] == 0
    lacking = [r for r in done.report["rules"] if "replacing" in " ".join(r["needs"])]
    assert lacking
    for row in lacking:
        assert row["verdict"] == "not exercised"
        assert "supply" in row["reason"]
    assert "pytest_points_make_order" in done.out


@pytest.mark.parametrize("dialect", ["plain", "awkward"])
def test_orders_of_a_file_are_used_up(tmp_path: Path, dialect: str) -> None:
    """With --orders 0, and rules about replacing and new orders are exercised."""
    with SecondServer(dialect) as server:
        rows = server.orders_file(tmp_path / "orders.json", n_each=12)
        done = run(
            tmp_path, "api", "--base-url", server.base_url, "--orders", "orders.json",
            *SMOKE, "--select", "refund.*", "--select", "cancel.*",
            "--select", "points.replacing-order", "--select", "reading.complete-captured",
            key=server.key,
        )  # fmt: skip
        touched = [row["uuid"] for row in rows if server.ledger(row["uuid"])]
    assert done.status == 0, done
    assert done.verdict("cancel.new-order") == "passed"
    assert done.verdict("reading.complete-captured") == "observed"
    assert touched
    assert "given ones used" in done.out


# ---------------------------------------------------------------------- 1
def test_a_broken_must_is_1_and_says_all_it_takes_to_act(tmp_path: Path) -> None:
    """A failed rule is named with its source, expected and got, curl lines and how to run it."""
    with SecondServer("plain", defect="cancel-twice") as server:
        done = run(
            tmp_path, "api", "--base-url", server.base_url, "--orders", "o.json", *SMOKE,
            "--select", "cancel.second-is-refused", "-v", key=server.key,
        ) if server.orders_file(tmp_path / "o.json") else None  # fmt: skip
    assert done is not None
    assert done.status == 1, done
    assert done.report["verdict"] == "not conformant"
    for words in (
        "FAILED cancel.second-is-refused (MUST)", "source", "expected", "got", "curl -sS -X POST",
        "$POINTS_API_KEY", "seed", "points-conformance api --base-url", "[[known]]",
    ):  # fmt: skip
        assert words in done.out
    assert '<failure message="' in (tmp_path / "points-conformance-report/junit.xml").read_text()


def test_a_known_failure_is_excused_as_long_as_it_fails(tmp_path: Path) -> None:
    """A listed failure is known and the run ends with 0; what comes after it is only blocked."""
    known = '[[known]]\nrule = "cancel.second-is-refused"\nreason = "PAY-1"\n'
    (tmp_path / "known.toml").write_text(known)
    with SecondServer("plain", defect="cancel-twice") as server:
        server.orders_file(tmp_path / "o.json")
        done = run(
            tmp_path, "api", "--base-url", server.base_url, "--orders", "o.json", *SMOKE,
            "--select", "cancel.second-is-refused", "--known-failures", "known.toml",
            "--select", "cancel.ends-cancelled",
            key=server.key,
        )  # fmt: skip
    assert done.status == 0, done
    assert done.verdict("cancel.second-is-refused") == "known"
    assert "PAY-1" in done.out


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("", "does not fail any more"),
        ("expires = 2020-01-31\n", "expired after 2020-01-31"),
    ],
)
def test_a_stale_known_failure_is_1(tmp_path: Path, entry: str, words: str) -> None:
    """A listed failure that passes again, or whose day is over, fails the run."""
    known = f'[[known]]\nrule = "auth.valid-key"\nreason = "old"\n{entry}'
    (tmp_path / "known.toml").write_text(known)
    done = run(tmp_path, *SHORT, "--known-failures", "known.toml", key=None)
    assert done.status == 1, done
    assert words in done.out
    assert any(words in line for line in done.report["stale"])


def test_a_pinned_reading_that_changed_is_1(tmp_path: Path) -> None:
    """Undocumented behaviour that was pinned and changed fails the run."""
    (tmp_path / "known.toml").write_text('[readings]\n"malformed-uuid" = "refused with 422"\n')
    done = run(
        tmp_path, "--select", "reading.malformed-uuid", "--known-failures", "known.toml", key=None
    )
    assert done.status == 1, done
    assert "pinned reading malformed-uuid" in done.out


def test_a_should_counts_only_where_it_is_asked_to(tmp_path: Path) -> None:
    """A broken SHOULD is advice and 0; with --strict it is 1."""
    (tmp_path / "spoiled.py").write_text(
        "from dataclasses import replace\n"
        "from points_conformance.subjects import catalogue\n"
        "from points_conformance.judging.finding import Finding\n"
        "def broken(api):\n"
        "    raise Finding('no good', expected='a', got='b')\n"
        "object.__setattr__(catalogue()['auth.header-name'], 'check', broken)\n"
    )
    some = ("--select", "auth.header-name")
    advice = run(tmp_path, *some, "--", "-p", "spoiled", key=None)
    assert advice.status == 0, advice
    assert advice.verdict("auth.header-name") == "advice"
    strict = run(tmp_path, *some, "--strict", "--", "-p", "spoiled", key=None)
    assert strict.status == 1, strict
    assert strict.report["verdict"] == "not conformant"


# ---------------------------------------------------------------------- 2: wrong usage
ORDER = {"uuid": "u-1", "type": "earning", "order_status": "new", "total_price": 10}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--profile", "smok"), "smoke"),
        (("--seed", "x"), "'x'"),
        (("--dialect", "klingon"), "lenient"),
        (("--rate", "0"), "above 0"),
        (("--select", "no.such-rule"), "no.such-rule"),
        (("--deselect", "nothing.*"), "nothing.*"),
        (("--select", "auth.*", "--deselect", "auth.*"), "empty"),
        (("--known-failures", "no.toml"), "no.toml"),
        (("--report-dir", "/dev/null/x"), "/dev/null/x"),
    ],
)
def test_an_option_that_cannot_be_is_2(
    tmp_path: Path, arguments: tuple[str, ...], word: str
) -> None:
    """Wrong usage names what was wrong."""
    refused(run(tmp_path, *arguments, key=None), word)


@pytest.mark.parametrize("arguments", [("--unknown",), ("smoke",), ("-k", "2")])
def test_an_unknown_option_or_command_is_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """What click refuses is wrong usage too, and runs nothing."""
    done = run(tmp_path, *arguments, key=None)
    assert done.status == 2, done
    assert "Error:" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "points-conformance-report").exists()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (None, "cannot be read"),
        (json.dumps([ORDER, {"uuid": "u-2"}]), "order 2: type, order_status, total_price missing"),
    ],
)
def test_an_orders_file_that_cannot_be_used_is_2(
    tmp_path: Path, text: str | None, word: str
) -> None:
    """The file, the order and what is wrong are named; nothing is sent."""
    if text is not None:
        (tmp_path / "orders.json").write_text(text)
    with listening(always(200, {})) as listener:
        done = run(tmp_path, "api", "--base-url", listener.base_url, "--orders", "orders.json")
    refused(done, "orders.json", word)
    assert listener.calls == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[[known]", "not TOML"),
        ('[[known]]\nrule = "no.such"\nreason = "x"\n', "no.such"),
        ('[readings]\n"cancel-setled/approved" = "refused"\n', "is it 'cancel-settled'?"),
    ],
)
def test_known_failures_that_do_not_load_are_2(tmp_path: Path, text: str, word: str) -> None:
    """A file that does not load never excuses anything."""
    (tmp_path / "known.toml").write_text(text)
    refused(run(tmp_path, "--known-failures", "known.toml", key=None), "known.toml", word)


def test_a_selection_that_pytest_emptied_is_2(tmp_path: Path) -> None:
    """Options for pytest that leave nothing to judge never end with 0."""
    done = run(tmp_path, *SMOKE, "--", "-k", "zzz", key=None)
    assert done.status == 2, done
    assert done.report["verdict"] == "inconclusive"


def test_no_key_is_2(tmp_path: Path) -> None:
    """A live server without a key is not called."""
    with listening(always(200, {})) as listener:
        done = run(tmp_path, "api", "--base-url", listener.base_url, key=None)
    refused(done, "POINTS_API_KEY")
    assert listener.calls == []


@pytest.mark.parametrize("key", ["sk_secret_0123456789\n", " sk_secret_0123456789", "sk_sécret_12"])
def test_a_key_that_no_header_carries_is_2_and_not_shown(tmp_path: Path, key: str) -> None:
    """A key with a line's end, a blank or an accent is refused before the client would quote it."""
    done = run(tmp_path, "api", "--base-url", "http://127.0.0.1:9", key=key)
    refused(done, "POINTS_API_KEY")
    assert key.strip() not in done.err + done.out


# ---------------------------------------------------------------------- 2: inconclusive
def test_a_target_that_refuses_every_call_is_2(tmp_path: Path) -> None:
    """Where no order can be had, core rules are not exercised: nothing was judged."""
    with listening(always(403, refusal("Merchant is not verified"))) as listener:
        done = run(
            tmp_path, "api", "--base-url", listener.base_url, *SMOKE,
            "--select", "refund.*", "--select", "auth.valid-key",
        )  # fmt: skip
    assert done.status == 2, done
    assert done.report["verdict"] == "inconclusive"
    assert any("core" in line for line in done.report["because"])
    assert sum(path.endswith("/orders/earning") for _, path in listener.calls) == 1


def test_a_core_rule_without_what_it_needs_is_2(tmp_path: Path) -> None:
    """The awkward server gives no order that could be cancelled: inconclusive, and says why."""
    with SecondServer("awkward") as server:
        done = run(tmp_path, "api", "--base-url", server.base_url, *SMOKE, key=server.key)
    assert done.status == 2, done
    assert done.report["verdict"] == "inconclusive"
    assert "cancel.ends-cancelled is core and not exercised" in " ".join(done.report["because"])


# ---------------------------------------------------------------------- 3
def test_a_check_that_breaks_is_the_kits_fault(tmp_path: Path) -> None:
    """An unexpected exception in a check is 3, with the request to report it."""
    (tmp_path / "crash.py").write_text(
        "from points_conformance.subjects import catalogue\n"
        "def crash(api):\n"
        "    raise ZeroDivisionError('key ' + api.keys.private)\n"
        "object.__setattr__(catalogue()['auth.valid-key'], 'check', crash)\n"
    )
    with SecondServer("plain") as server:
        done = run(
            tmp_path, "api", "--base-url", server.base_url, *SHORT, "--", "-p", "crash",
            key=server.key,
        )  # fmt: skip
        assert server.key not in done.out + done.err + json.dumps(done.report)
    assert done.status == 3, done
    assert done.report["verdict"] == "inconclusive"
    assert done.verdict("auth.valid-key") == "error"
    assert "please report" in done.out
    assert "ZeroDivisionError" in done.out


def test_a_report_that_cannot_be_written_is_2(tmp_path: Path) -> None:
    """A report directory that takes no report stops the run before its first call."""
    (tmp_path / "points-conformance-report" / "report.json").mkdir(parents=True)
    done = run(tmp_path, *SHORT, key=None)
    assert done.status == 2, done
    assert "cannot be written" in done.err
    assert "Traceback" not in done.err + done.out


def test_the_key_is_not_among_the_arguments_of_any_process(tmp_path: Path) -> None:
    """Whoever lists processes learns no key."""
    seen: list[str] = []

    def look(handler: object) -> None:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    seen.append((entry / "cmdline").read_bytes().decode(errors="replace"))
                except OSError:
                    continue
        always(403, refusal("no"))(handler)  # type: ignore[arg-type]

    if not Path("/proc/self/cmdline").exists():
        pytest.skip("no /proc on this system")
    with listening(look) as listener:
        run(tmp_path, "api", "--base-url", listener.base_url, *SHORT)
    assert any("points-conformance" in line for line in seen)
    assert not any(KEY in line for line in seen)
