"""The commands that judge nothing: rules, serve, diff, clean. The real command is run."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from points_conformance.subjects import Subject, catalogue

COMMAND = [sys.executable, "-c", "from points_conformance.cli import main; main()"]


def run(*args: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a shell would."""
    return subprocess.run(
        [*COMMAND, *map(str, args)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **environment},
    )


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """Wrong usage: exit 2, one plain line, nothing on standard output."""
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("points-conformance: ")
    return done.stderr


class TestRules:
    """``points-conformance rules [ID]``."""

    def test_lists_every_rule(self) -> None:
        """Each with its ID, of all subjects."""
        done = run("rules")
        assert done.returncode == 0
        listed = {line.split()[0] for line in done.stdout.splitlines() if line.strip()}
        assert {rule.id for subject in Subject for rule in catalogue(subject)} <= listed

    def test_tells_one_rule(self) -> None:
        """With statement and source."""
        rule = catalogue(Subject.API)["cancel.default-reason"]
        done = run("rules", rule.id)
        assert done.returncode == 0
        assert done.stdout.startswith(f"{rule.id} ({rule.level}")
        assert "Refunds & Cancellations" in done.stdout

    def test_refuses_an_unknown_id_and_names_close_ones(self) -> None:
        """A slip of the pen is the common case."""
        assert "cancel.default-reason" in refusal(run("rules", "cancel.default-reasn"))


class TestServe:
    """``points-conformance serve``."""

    def test_serves_until_it_is_told_to_stop(self) -> None:
        """What it prints works as printed, and SIGTERM is an orderly end."""
        with subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", "--dialect", "strict"],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            told = dict(re.findall(r"export (\w+)=(\S+)", self._until_curl(process)))
            request = urllib.request.Request(
                told["POINTS_BASE_URL"] + "/webhooks",
                headers={"x-api-key": told["POINTS_API_KEY"]},
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert json.load(answer)["status"] is True
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0

    @staticmethod
    def _until_curl(process: "subprocess.Popen[str]") -> str:
        text = ""
        while "curl" not in text:
            line = process.stdout.readline()  # type: ignore[union-attr]
            assert line, f"it ended early: {text}"
            text += line
        return text

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (["--host", "0.0.0.0"], "--allow-public"),
            (["--dialect", "klingon"], "one of default"),
        ],
        ids=["public address", "unknown dialect"],
    )
    def test_refuses_in_one_line(self, args: list[str], said: str) -> None:
        """Nothing is served."""
        assert said in refusal(run("serve", *args))

    def test_says_when_the_port_is_taken(self) -> None:
        """And what to do."""
        with subprocess.Popen(
            [*COMMAND, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
        ) as process:
            port = re.search(r":(\d+) ", self._until_curl(process))
            assert port
            assert "--port 0" in refusal(run("serve", "--port", port[1]))
            process.terminate()
            process.wait(timeout=10)


class TestDiff:
    """``points-conformance diff OLD NEW``."""

    @staticmethod
    def report(folder: Path, name: str, verdict: str, subject: str = "api") -> Path:
        path = folder / f"{name}.json"
        content = {
            "subject": subject,
            "verdict": "conformant" if verdict == "passed" else "not conformant",
            "readings": {},
            "rules": [{"id": "cancel.new-order", "verdict": verdict}],
        }
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    @pytest.mark.parametrize(
        ("old", "new", "status"), [("passed", "passed", 0), ("failed", "passed", 0)]
    )
    def test_what_stayed_or_got_better_is_0(
        self, tmp_path: Path, old: str, new: str, status: int
    ) -> None:
        """Nothing to stop a release for."""
        paths = self.report(tmp_path, "old", old), self.report(tmp_path, "new", new)
        assert run("diff", *paths).returncode == status

    def test_what_got_worse_is_1(self, tmp_path: Path) -> None:
        """And the rule is named."""
        old, new = self.report(tmp_path, "old", "passed"), self.report(tmp_path, "new", "failed")
        done = run("diff", old, new)
        assert done.returncode == 1
        assert "cancel.new-order: passed -> failed" in done.stdout

    def test_other_subjects_or_no_report_is_2(self, tmp_path: Path) -> None:
        """They cannot be compared."""
        old = self.report(tmp_path, "old", "passed")
        assert "subjects differ" in refusal(
            run("diff", old, self.report(tmp_path, "new", "passed", "consumer"))
        )
        assert "cannot be read" in refusal(run("diff", old, tmp_path / "none.json"))

    def test_a_rule_that_stands_twice_failed_then_passed_is_refused(self, tmp_path: Path) -> None:
        """And not counted as 0 worse."""
        old, new = self.report(tmp_path, "old", "passed"), self.report(tmp_path, "new", "failed")
        twice = json.loads(new.read_text("utf-8"))
        twice["rules"].append({**twice["rules"][0], "verdict": "passed"})
        new.write_text(json.dumps(twice), encoding="utf-8")
        assert "'cancel.new-order' stands there twice" in refusal(run("diff", old, new))

    def test_more_than_two_are_a_table_over_time(self, tmp_path: Path) -> None:
        """Printed, and written as markdown and HTML; the status is of the last step."""
        verdicts = ("failed", "passed", "failed")
        paths = [self.report(tmp_path, f"r{n}", verdict) for n, verdict in enumerate(verdicts)]
        markdown, html = tmp_path / "d.md", tmp_path / "d.html"
        done = run("diff", *paths, "--markdown", markdown, "--html", html)
        assert done.returncode == 1
        assert "cancel.new-order  failed            passed            failed" in done.stdout
        assert "| `cancel.new-order` | `failed` | `passed` | `failed` |" in markdown.read_text()
        assert '<th scope="row">cancel.new-order</th>' in html.read_text()

    def test_one_report_or_no_place_for_the_table_is_2(self, tmp_path: Path) -> None:
        """Said in a line."""
        one = self.report(tmp_path, "one", "passed")
        assert "name two reports or more" in refusal(run("diff", one))
        nowhere = one / "d.md"  # a file is no folder
        assert "cannot go to" in refusal(run("diff", one, one, "--markdown", nowhere))


class TestClean:
    """``points-conformance clean JOURNAL`` (more in tests/targets/test_clean.py)."""

    def test_lists_orders(self, tmp_path: Path) -> None:
        """That takes no key."""
        journal = tmp_path / "journal.jsonl"
        journal.write_text('{"kind": "order made", "order_number": "PC-1", "uuid": "u"}\n')
        done = run("clean", journal)
        assert (done.returncode, "u (PC-1)" in done.stdout) == (0, True)

    def test_refuses_what_is_no_journal(self, tmp_path: Path) -> None:
        """One plain line."""
        assert "cannot be read" in refusal(run("clean", tmp_path / "none"))

    def test_names_what_is_missing(self, tmp_path: Path) -> None:
        """The key is the environment's alone."""
        journal = tmp_path / "journal.jsonl"
        lines = [{"kind": "run", "base_url": "http://127.0.0.1:9"}]
        lines += [{"kind": "endpoint made", "uuid": "u"}]
        journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert "POINTS_API_KEY" in refusal(run("clean", journal))
        # A key that is no ASCII, which no header can carry.
        assert "POINTS_API_KEY" in refusal(run("clean", journal, POINTS_API_KEY="cl\u00e9"))


def test_help_is_quick() -> None:
    """Nothing heavy is imported to show it."""
    code = "import sys; sys.argv = ['points-conformance', '--help']; import points_conformance.cli"
    ask = "print(*sorted({'httpx', 'respx', 'hypothesis', 'yaml', 'uvicorn'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {ask}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
    started = time.perf_counter()
    assert run("--help").returncode == 0
    assert time.perf_counter() - started < 5


def test_a_fault_of_the_kit_is_3_with_its_trace(tmp_path: Path) -> None:
    """Whoever reports it can say where it was."""
    code = (
        "import points_conformance.report.releases as r; r.load_releases = lambda *a: 1 / 0\n"
        "from points_conformance.cli import main; main(['diff', 'a', 'b'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 3
    assert "ZeroDivisionError" in done.stderr
    assert "please report" in done.stderr
