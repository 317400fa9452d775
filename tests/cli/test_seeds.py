"""``--seed A..B``, ``-n N`` and ``merge``: whole judgings, each with its own process and report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.cli.command import KEY, Ended, ended, minded, run, start

from points_conformance.commands import seeds as seeds_module
from points_conformance.commands.seeds import judge_seeds, seeds_of
from points_conformance.contract.specs import text
from points_conformance.judging.share import Share
from points_conformance.plugin.settings import SettingsError
from points_conformance.report.names import FILES
from points_conformance.subjects import Subject

SMALL = ("--profile", "smoke", "--select", "auth.*")
FAR = ("--base-url", "https://sandbox.papp.sa")
#: A hook that is called by each judging: it says that it is there, and holds it up with one seed.
SLOW = """
import os, pathlib, time
def pytest_points_make_order(config, type, order_status, total_price):
    seed = config.option.points_seed
    pathlib.Path(f"begun-{seed}").write_text(f"{os.getpid()}")
    if seed == "1":
        time.sleep(60)
"""
ORDER = ("--profile", "smoke", "--select", "cancel.new-order")


def report_in(folder: Path) -> dict[str, Any]:
    """report.json of a folder."""
    content: dict[str, Any] = json.loads((folder / "report.json").read_bytes())
    return content


def seed_lines(done: Ended) -> list[str]:
    """The lines of finished seeds, in order."""
    return sorted(line for line in done.out.split("\n") if line.startswith("seed "))


# ---------------------------------------------------------------------- wrong usage
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5..1", "end before they begin: say 1..5"),
        ("a..b", "no A..B of two whole numbers"),
        ("1..", "no A..B"),
        ("..", "no A..B"),
        ("1..2..3", "no A..B"),
        ("0..1.5", "no A..B"),
        ("0..10000", "more than 10,000"),
        (f"0..{'9' * 5000}", "no A..B"),
        ("٠..٣", "no A..B"),
    ],
)
def test_seeds_that_are_no_seeds_are_refused(text: str, said: str) -> None:
    """In a plain line."""
    with pytest.raises(SettingsError, match=said):
        seeds_of(text)


def test_both_ends_are_judged() -> None:
    """Negative ones too."""
    assert list(seeds_of("-1..1")) == [-1, 0, 1]
    assert list(seeds_of("7..7")) == [7]
    assert len(seeds_of("0..9999")) == 10_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("api", "--seed", "5..1"), "end before they begin"),
        (("client", "--command", "true", "--seed", "0..3", "-n", "0"), "-n must be of 1 to 256"),
        (("api", "--seed", "0..3", "-n", "many"), "-n 'many' is no number of processes"),
        (("api", "--seed", "0..3", "--", "--tx", "999*popen"), "--tx must be of 1 to 256"),
        (("api", "-n", "2"), "give --seed A..B as well"),
        (("api", "--seed", "0..3", "--select", "nothing.*"), "nothing.*"),
        (("api", *FAR, "--seed", "0..99"), "too few for 100: take at most 54"),
        (("api", *FAR, "--seed", "0..3", "--orders", "orders.json"), "each by one judging"),
        (
            (
                *("api", "--base-url", "http://127.0.0.1:9", "--seed", "0..3", "-n", "2"),
                *("--webhook-listen", "127.0.0.1:8901"),
            ),
            "is for one process at a time: take port 0",
        ),
        (("api", "--seed", "0..3", "--", "--dist", "load"), "give -n N or --tx as well"),
    ],
)
def test_wrong_usage_is_a_plain_line_and_leaves_no_green(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Exit status 2, before anything is sent or judged."""
    folder = tmp_path / "points-conformance-report"
    folder.mkdir()
    (folder / "report.json").write_text('{"exit_status": 0, "partial": false}', "utf-8")
    order = {"uuid": "7d0f9a52-3c1e-4b7a-9f60-2f4c8f0b6a11", "type": "replacing"}
    order |= {"order_status": "approved", "total_price": 150.75, "total_points": 3000}  # type: ignore[dict-item]
    (tmp_path / "orders.json").write_text(json.dumps([order | {"order_number": "A-1"}]), "utf-8")
    done = run(tmp_path, *arguments)
    assert done.status == 2
    assert said in done.err
    assert len(done.err.strip().split("\n")) == 1
    assert done.report["exit_status"] == 2
    assert not list(folder.glob("seed-*"))


def test_without_the_extra_n_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what goes without it."""
    monkeypatch.setattr(seeds_module, "find_spec", lambda name: None)
    options = {"seed": "0..3", "report_dir": None}
    with pytest.raises(SettingsError, match=r"points-conformance\[spread\].*one after the other"):
        judge_seeds(Subject.API, options, (), "2")


def test_under_pytest_a_run_judges_one_seed(pytester: pytest.Pytester) -> None:
    """It says how to judge with several."""
    pytester.makepyfile(
        "from points_conformance.suite import ApiSuite\nclass TestIt(ApiSuite): pass\n"
    )
    done = pytester.runpytest_subprocess("--points-seed", "0..3")
    assert done.ret != 0
    done.stdout.fnmatch_lines(["*the seeds 0..3: a run judges one*points-conformance merge*"])


# ---------------------------------------------------------------------- judging
@pytest.mark.slow
@pytest.mark.parametrize("spread", [(), ("-n", "2")])
def test_each_seed_is_a_judging_of_its_own_and_all_are_joined(
    tmp_path: Path, spread: tuple[str, ...]
) -> None:
    """One after the other or spread: a line and a report of each, and the joined one."""
    done = run(tmp_path, "api", *SMALL, "--seed", "3..5", *spread)
    assert (done.status, done.err) == (0, "")
    assert [line.split(",")[0] for line in seed_lines(done)] == [
        f"seed {seed}: conformant" for seed in (3, 4, 5)
    ]
    folder = tmp_path / "points-conformance-report"
    each = [report_in(folder / f"seed-{seed}") for seed in (3, 4, 5)]
    assert [one["seed"] for one in each] == [3, 4, 5]
    whole = done.report
    assert (whole["verdict"], whole["seeds"], whole["partial"]) == ("conformant", [3, 4, 5], False)
    assert whole["calls"] == sum(one["calls"] for one in each)
    names = {path.name for path in folder.iterdir()}
    assert names >= set(FILES)
    schema = json.loads(text("report.schema.json"))
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(whole)

    merged = run(tmp_path, "merge", *sorted(folder.glob("seed-*")), "--report-dir", "merged")
    assert merged.status == 0
    assert report_in(tmp_path / "merged")["rules"] == whole["rules"]
    again = run(tmp_path, "merge", folder, folder / "seed-3", "--report-dir", "again")
    assert again.status == 0
    assert "seed 3: judged more than once, counted as one" in again.out


@pytest.mark.slow
def test_the_same_seed_finds_the_same_by_itself_and_among_others(tmp_path: Path) -> None:
    """Whatever runs beside it."""
    alone = run(tmp_path, "api", *ORDER, "--seed", "4", "--report-dir", "alone")
    assert alone.status == 0
    run(tmp_path, "api", *ORDER, "--seed", "3..4", "-n", "2", "--report-dir", "among")
    reports = [report_in(tmp_path / name) for name in ("alone", "among/seed-4")]
    assert reports[0]["calls"] == reports[1]["calls"]
    assert [r["verdict"] for r in reports[0]["rules"]] == [
        r["verdict"] for r in reports[1]["rules"]
    ]


def test_reports_of_an_earlier_run_are_not_taken_for_this_ones(tmp_path: Path) -> None:
    """A seed that this run does not judge has no report afterwards."""
    old = tmp_path / "points-conformance-report" / "seed-9"
    old.mkdir(parents=True)
    (old / "report.json").write_text('{"exit_status": 0}', "utf-8")
    (old / "journal.jsonl").write_text("", "utf-8")
    assert run(tmp_path, "api", *SMALL, "--seed", "0..0").status == 0
    assert [path.name for path in old.iterdir()] == ["journal.jsonl"]


def test_a_dry_run_plans_one_seed_and_writes_nothing(tmp_path: Path) -> None:
    """For all have the same plan."""
    done = run(tmp_path, "api", *SMALL, "--seed", "0..3", "--dry-run")
    assert done.status == 0
    assert "4 seeds, each of them:" in done.out
    assert not list(tmp_path.glob("**/seed-*"))


def test_off_loopback_the_seeds_share_the_calls_of_one_run(tmp_path: Path) -> None:
    """600 of profile standard, 60 for each of ten."""
    done = run(tmp_path, "api", *FAR, "--seed", "0..9", "--dry-run")
    assert done.status == 0
    assert "at most 60 calls" in done.out


def test_a_share_divides_calls_by_seeds_and_the_rate_by_processes() -> None:
    """So that the sums are those of one run; what is no share is none."""
    share = Share.of({"POINTS_JUDGED_BESIDE": "64/4"})
    assert (share.calls(600), share.rate(5.0), share.rate(None)) == (9, 1.25, None)
    for nonsense in ("", "0/1", "4", "-1/2", "4/0"):
        assert Share.of({"POINTS_JUDGED_BESIDE": nonsense}) == Share()


# ---------------------------------------------------------------------- what dies
def _begun(folder: Path, seed: int) -> int:
    """The process that judges a seed, once its hook was called."""
    path = folder / f"begun-{seed}"
    until = time.monotonic() + 60
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return int(path.read_text())


def _parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def _gone(pid: int) -> bool:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def slow(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command with a seed 1 that takes a minute."""
    (folder / "slow.py").write_text(SLOW, "utf-8")
    with minded(signal.SIGINT):
        return start(
            folder, "api", *ORDER, "--seed", "0..2", *arguments, "--", "-p", "slow", key=KEY
        )


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize("who", ["the judge", "its command", "its worker"])
def test_who_is_killed_is_named_and_the_whole_is_not_green(tmp_path: Path, who: str) -> None:
    """The other seeds are judged; no process of the dead one's goes on."""
    process = slow(tmp_path, *(("-n", "2") if who == "its worker" else ()))
    judge = _begun(tmp_path, 1)
    command = _parent(judge)
    target = {"the judge": judge, "its command": command, "its worker": _parent(command)}[who]
    assert target != process.pid
    os.kill(target, signal.SIGKILL)
    done = ended(process, tmp_path)
    assert done.status == 2
    assert (done.report["verdict"], done.report["partial"]) == ("inconclusive", True)
    assert any("seed 1" in reason for reason in done.report["because"])
    assert done.report["seeds"] == [0, 2]
    assert _gone(judge)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("spread", [(), ("-n", "2")])
def test_what_ends_the_command_ends_the_judgings(
    tmp_path: Path, sent: signal.Signals, spread: tuple[str, ...]
) -> None:
    """And names the seeds that are missing, where it can still speak; the report is no green."""
    process = slow(tmp_path, *spread)
    judge = _begun(tmp_path, 1)
    process.send_signal(sent)
    done = ended(process, tmp_path)
    assert (done.report["verdict"], done.report["partial"]) == ("inconclusive", True)
    if sent != signal.SIGKILL:
        assert done.status == 2
        assert "not judged to the end: interrupted" in done.out + done.err
    assert _gone(judge)


# ---------------------------------------------------------------------- merge
def test_merge_never_writes_over_what_it_joins(tmp_path: Path) -> None:
    """It is refused, and the report stays as it is."""
    assert run(tmp_path, "api", *SMALL).status == 0
    before = (tmp_path / "points-conformance-report" / "report.json").read_bytes()
    for arguments in (
        ("points-conformance-report",),
        (tmp_path / "points-conformance-report" / "report.json",),
        ("points-conformance-report", "--bogus"),
    ):
        done = run(tmp_path, "merge", *arguments)
        assert done.status == 2
        assert (tmp_path / "points-conformance-report" / "report.json").read_bytes() == before


@pytest.mark.parametrize("arguments", [(), ("nowhere",), ("nowhere", "--bogus")])
def test_a_merge_that_joins_nothing_leaves_no_green(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Exit status 2, and an older report in its folder says nothing any more."""
    assert run(tmp_path, "api", *SMALL).status == 0
    done = run(tmp_path, "merge", *arguments)
    assert done.status == 2
    assert (done.report["exit_status"], done.report["partial"]) == (2, True)


def test_a_missing_report_makes_the_whole_inconclusive(tmp_path: Path) -> None:
    """And is named, whatever the others say."""
    assert run(tmp_path, "api", *SMALL, "--report-dir", "one").status == 0
    done = run(tmp_path, "merge", "one", "other")
    assert done.status == 2
    assert "other: report.json cannot be read" in done.out
    assert done.report["verdict"] == "inconclusive"
