"""What a command tells a CI system: files, annotations, and its exit status in its last line."""

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

from tests.cli.command import Ended, run
from tests.second_server import SecondServer

RULE = "cancel.second-is-refused"


def judged(folder: Path, **variables: str) -> Ended:
    """A server that cancels twice, judged by the rule that it breaks."""
    with SecondServer("plain", defect="cancel-twice") as server:
        server.orders_file(folder / "o.json")
        words = ("api", "--base-url", server.base_url, "--orders", "o.json", "--select", RULE)
        return run(folder, *words, key=server.key, **variables)


def test_the_files_of_one_run_tell_the_same(tmp_path: Path) -> None:
    """A rule that is broken fails in each, with its level; what it came after is a test too."""
    done = judged(tmp_path)
    folder = tmp_path / "points-conformance-report"
    suite = Xml.parse(folder / "junit.xml").getroot()[0]
    failed = [
        case.get("name") for case in suite.findall("testcase") if case.find("failure") is not None
    ]
    content = json.loads((folder / "ctrf.json").read_text("utf-8"))["results"]
    names = [test["name"] for test in content["tests"] if test["status"] == "failed"]
    assert failed == names == [RULE]
    judged_rules = {row["id"] for row in done.report["rules"]}
    assert {test["name"] for test in content["tests"]} == judged_rules
    assert suite.get("tests") == str(len(judged_rules))


def test_the_last_line_says_the_exit_status(tmp_path: Path) -> None:
    """And nothing is annotated where nobody reads annotations."""
    done = judged(tmp_path)
    assert done.status == 1
    assert done.out.splitlines()[-1].startswith("exit 1: something binding is broken")
    assert "::error" not in done.out


def test_within_github_actions_what_is_broken_is_annotated(tmp_path: Path) -> None:
    """With the rule, what is wrong, and the command; the exit status still comes last."""
    done = judged(tmp_path, GITHUB_ACTIONS="true")
    (line,) = [line for line in done.out.splitlines() if line.startswith(f"::error title={RULE}")]
    assert "%0Aagain: points-conformance api --base-url http://127.0.0.1" in line
    assert done.out.splitlines()[-1].startswith("exit 1: ")


def test_the_story_is_in_the_report(tmp_path: Path) -> None:
    """As it is drawn: the call that should have been refused, and the way that it led."""
    row = next(row for row in judged(tmp_path).report["rules"] if row["id"] == RULE)
    said = [step["said"].partition(" reason")[0] for step in row["evidence"]["steps"]]
    assert said.count("POST /orders/A/cancel") == 2
    assert row["moves"][-1] == "cancelled > cancel > cancelled"
