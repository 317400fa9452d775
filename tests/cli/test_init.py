"""``points-conformance init``: what it writes runs as it stands, and judges once filled in."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner, Result
from tests.cli.command import COMMAND, environment, run

from points_conformance.cli import main
from points_conformance.commands.init import STACKS, stack_of
from points_conformance.judging.known import KnownFailures, load_known
from points_conformance.subjects import Subject, catalogue

TEST = "tests/test_points_conformance.py"
SCRIPT = "points-conformance.sh"
KNOWN = "points-known-failures.toml"
GITHUB = ".github/workflows/points-conformance.yml"
#: The file that shows a project's language, and what judges it.
PROJECTS = {
    "pyproject.toml": TEST,
    "composer.json": SCRIPT,
    "package.json": SCRIPT,
    "go.mod": SCRIPT,
}
EXAMPLES = Path(__file__).parents[2] / "examples"
NOTHING_YET = "nothing is judged yet: fill in CON"


def started(folder: Path, shown_by: str, *arguments: str) -> dict[str, str]:
    """The text of every file that is there after ``init``, by its path."""
    (folder / shown_by).write_text("{}" if shown_by.endswith("json") else "", "utf-8")
    done = ask(folder, *arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    return texts(folder)


def ask(folder: Path, *arguments: str) -> Result:
    """``init`` in a folder."""
    with contextlib.chdir(folder):
        return CliRunner().invoke(main, ["init", *arguments])


def texts(folder: Path) -> dict[str, str]:
    """Every file's text, by its path."""
    every = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in every}


def judge(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run what was written, with our command and Python first on the path."""
    first = os.pathsep.join([str(Path(COMMAND[0]).parent), os.environ["PATH"]])
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(PATH=first, **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def pytest_of(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest, as the file says to run it."""
    return judge(folder, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments)


@pytest.mark.parametrize("shown_by", PROJECTS)
@pytest.mark.parametrize(("ci", "path"), [("github", GITHUB), ("gitlab", ".gitlab-ci.yml")])
def test_it_writes_three_files(tmp_path: Path, shown_by: str, ci: str, path: str) -> None:
    """What judges, the CI file, the known failures; nothing is left to be replaced in them."""
    written = started(tmp_path, shown_by, "--ci", ci)
    assert written.keys() == {shown_by, PROJECTS[shown_by], path, KNOWN}
    assert [name for name, text in written.items() if "<<" in text] == []
    assert PROJECTS[shown_by] in written[path]


@pytest.mark.parametrize(
    ("names", "stack"),
    [
        (["package.json", "composer.json"], "PHP"),
        (["package.json", "pyproject.toml"], "Python"),
        (["manage.py", "package.json"], "Python"),
        (["package.json"], "Node"),
        (["pom.xml"], "any language"),
        ([], "any language"),
    ],
)
def test_the_server_side_language_counts(names: list[str], stack: str) -> None:
    """Whatever else builds the project's pages."""
    assert stack_of(names).name == stack
    assert len({one.name for one in STACKS}) == len(STACKS)


def test_without_ci_the_folder_says_whose(tmp_path: Path) -> None:
    """GitLab's where it is used already, in a file to include; else GitHub's."""
    (tmp_path / ".gitlab-ci.yml").write_text("stages: [test]\n", "utf-8")
    (tmp_path / "other").mkdir()
    done = ask(tmp_path)
    assert "include: {local: .gitlab/points-conformance.yml}" in done.stdout
    assert texts(tmp_path)[".gitlab-ci.yml"] == "stages: [test]\n"
    assert (
        "script"
        in yaml.safe_load(texts(tmp_path)[".gitlab/points-conformance.yml"])["points-conformance"]
    )
    assert GITHUB in started(tmp_path / "other", "go.mod")


@pytest.mark.parametrize("shown_by", PROJECTS)
def test_it_never_overwrites(tmp_path: Path, shown_by: str) -> None:
    """What is there stays, and is named; the rest is written."""
    judges = tmp_path / PROJECTS[shown_by]
    judges.parent.mkdir(exist_ok=True)
    judges.write_text("mine\n", "utf-8")
    (tmp_path / KNOWN).symlink_to(tmp_path / "nowhere")
    written = started(tmp_path, shown_by)
    assert written[PROJECTS[shown_by]] == "mine\n"
    assert GITHUB in written
    assert not (tmp_path / "nowhere").exists()
    again = ask(tmp_path)
    assert (again.exit_code, again.stdout.count("it is there already")) == (0, 3)
    assert "fill in" not in again.stdout
    assert texts(tmp_path) == written


def test_its_own_gitlab_file_is_known_again(tmp_path: Path) -> None:
    """No second one is written beside it."""
    written = started(tmp_path, "go.mod", "--ci", "gitlab")
    assert ask(tmp_path).stdout.count("it is there already") == 3
    assert texts(tmp_path) == written


@pytest.mark.parametrize(("name", "shown_by"), [("tests", "pyproject.toml"), (".github", "go.mod")])
def test_what_cannot_be_written_is_said_in_a_line(tmp_path: Path, name: str, shown_by: str) -> None:
    """With status 2."""
    (tmp_path / name).write_text("", "utf-8")
    (tmp_path / shown_by).write_text("", "utf-8")
    done = run(tmp_path, "init")
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    assert re.match(rf"points-conformance: {re.escape(name)}/.* cannot be written: ", done.err)


def test_it_says_what_to_fill_in(tmp_path: Path) -> None:
    """In which file, and the command to run then."""
    (tmp_path / "composer.json").write_text("{}", "utf-8")
    lines = run(tmp_path, "init").out.splitlines()
    to_fill = lines[lines.index("fill in:") + 1 :]
    assert [line.split(":")[0].strip() for line in to_fill] == [SCRIPT, GITHUB, "then run"]
    assert to_fill[-1] == f"then run: sh {SCRIPT}"


class TestThePythonFile:
    """Written where a project is in Python."""

    def test_runs_as_it_stands_and_is_not_green(self, tmp_path: Path) -> None:
        """The example passes; what is missing is said in a line."""
        started(tmp_path, "pyproject.toml")
        done = pytest_of(tmp_path, TEST)
        assert done.returncode == 1, done.stderr
        assert "1 failed, 1 passed" in done.stdout
        assert f"{NOTHING_YET}SUMER or CLIENT in {TEST}" in done.stdout

    def test_judges_a_consumer_and_a_client(self, tmp_path: Path) -> None:
        """Each from one line; the finding on the consumer is told, the client has none."""
        text = started(tmp_path, "pyproject.toml")[TEST]
        text = text.replace("CONSUMER: Any = None", "CONSUMER: Any = lambda request: 500")
        text = text.replace(
            "CLIENT: Any = None",
            "from points_conformance.defects.client.sample import SampleClient as CLIENT",
        )
        (tmp_path / TEST).write_text(text, "utf-8")
        few = "filled or partial_refund or client.refund or consumer.acknowledges"
        done = pytest_of(tmp_path, TEST, "-k", few, "--points-profile", "smoke")
        assert done.returncode == 1, done.stdout
        assert "TestConsumer::test_rule[consumer.acknowledges-refunded]" in done.stdout
        assert "TestClient::test_rule[client" not in done.stdout.partition("short test")[2]

    def test_judges_an_application_as_its_text_says(self, tmp_path: Path) -> None:
        """With the configuration that it shows; a good consumer is conformant."""
        text = started(tmp_path, "pyproject.toml")[TEST]
        (block,) = re.findall(r"^    \[tool.*\n(?:    .+\n)+", text, re.MULTILINE)
        block = re.sub("^    ", "", block, flags=re.MULTILINE).replace('"sar"', '"halala"')
        (tmp_path / "pyproject.toml").write_text(block, "utf-8")
        app = (EXAMPLES / "consumer_good.py").read_text("utf-8")
        (tmp_path / "shop.py").write_text(app, "utf-8")
        text = text.replace("CONSUMER: Any = None", "from shop import app as CONSUMER")
        (tmp_path / TEST).write_text(text, "utf-8")
        done = pytest_of(tmp_path, TEST, "--strict-config", "--points-profile", "smoke")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "\nconformant: " in done.stdout


class TestTheScript:
    """Written for all others."""

    @pytest.mark.parametrize("shown_by", ["composer.json", "package.json", "go.mod"])
    def test_runs_as_it_stands_and_is_not_green(self, tmp_path: Path, shown_by: str) -> None:
        """What is missing is said in a line."""
        started(tmp_path, shown_by)
        done = judge(tmp_path, "sh", SCRIPT)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"{NOTHING_YET}SUMER_URL or CLIENT_COMMAND in {SCRIPT}\n"
        assert os.access(tmp_path / SCRIPT, os.X_OK)

    @pytest.mark.parametrize(("client", "status"), [("careful", 0), ("naive", 1)])
    def test_judges_a_client(self, tmp_path: Path, client: str, status: int) -> None:
        """By the line that is filled in, from any folder."""
        text = started(tmp_path, "composer.json")[SCRIPT]
        command = f"{sys.executable} {EXAMPLES / 'client_careful.py'}"
        if client == "naive":
            command = "false"
        text = text.replace('CLIENT_COMMAND=""', f"CLIENT_COMMAND={shlex.quote(command)}")
        (tmp_path / SCRIPT).write_text(text, "utf-8")
        only = ("--select", "client.cancel", "--profile", "smoke")
        done = judge(tmp_path.parent, "sh", str(tmp_path / SCRIPT), *only)
        assert done.returncode == status, done.stdout + done.stderr
        assert (tmp_path / "points-conformance-report" / "client" / "report.json").exists()

    def test_both_are_judged_and_no_failure_is_lost(self, tmp_path: Path) -> None:
        """A consumer that cannot be reached, and a client that is fine."""
        text = started(tmp_path, "composer.json")[SCRIPT]
        text = text.replace('CONSUMER_URL=""', 'CONSUMER_URL="http://no.example/hook"')
        text = text.replace('STATE_URL=""', 'STATE_URL="/orders/{order_id}"')
        text = text.replace('CLIENT_COMMAND=""', f'CLIENT_COMMAND="{sys.executable} -V"')
        (tmp_path / SCRIPT).write_text(text, "utf-8")
        done = judge(tmp_path, "sh", SCRIPT, "--dry-run")
        assert done.returncode == 2
        assert "plain HTTP to no.example" in done.stderr
        assert f"plan for command {sys.executable}" in done.stdout


def test_the_script_tells_a_client_what_its_page_does(tmp_path: Path) -> None:
    """The variables that its command is told by, and what its exit status means."""
    text = started(tmp_path, "composer.json")[SCRIPT]
    page = Path(__file__).parents[2] / "docs" / "how-to" / "judge-your-client.md"
    section = page.read_text("utf-8").split("## What the command is told")[1].split("\n## ")[0]
    told = set(re.findall(r"`(POINTS_\w+)`", section)) - {"POINTS_CA_FILE", "POINTS_"}
    assert told == set(re.findall(r"POINTS_\w+", text)) - {"POINTS_WEBHOOK_SECRET"}
    for status in re.findall(r"\*\*(\d+)\*\*", section):
        assert re.search(rf"\b{status} when ", text)


def own_lines(text: str) -> list[list[str]]:
    """The words of every call of our command in a script."""
    joined = text.replace("\\\n", " ")
    joined = re.sub(r"\$\{STATE_URL:\+(.*?)\}", r"\1", joined).replace("{order_id}", "1")
    lines = re.findall(r"^ +points-conformance (.+?)(?: \"\$@\")? \|\|", joined, re.MULTILINE)
    return [shlex.split(line) for line in lines]


def test_the_options_in_the_script_exist(tmp_path: Path) -> None:
    """They are parsed, not run."""
    calls = own_lines(started(tmp_path, "composer.json")[SCRIPT])
    assert [name for name, *_ in calls] == ["consumer", "client"]
    for name, *words in calls:
        assert main.commands[name].make_context(name, words, parent=click.Context(main)).params


@pytest.mark.parametrize("shown_by", ["pyproject.toml", "composer.json"])
@pytest.mark.parametrize(("ci", "path"), [("github", GITHUB), ("gitlab", ".gitlab-ci.yml")])
def test_what_ci_runs_is_what_was_written(
    tmp_path: Path, shown_by: str, ci: str, path: str
) -> None:
    """Its last command is run here: it ends red, for nothing is filled in."""
    written = started(tmp_path, shown_by, "--ci", ci)
    commands = ci_commands(yaml.safe_load(written[path]))
    assert commands[0] == 'python -m pip install "$POINTS_CONFORMANCE"'
    assert "fill in" in judge(tmp_path, "sh", "-c", commands[1]).stdout
    done = judge(tmp_path, "sh", "-c", commands[2])
    assert done.returncode in (1, 2)
    assert NOTHING_YET in done.stdout + done.stderr


def ci_commands(ci: dict[str, Any]) -> list[str]:
    """The commands of the one job."""
    if "jobs" not in ci:
        return list(ci["points-conformance"]["script"])
    steps = ci["jobs"]["points-conformance"]["steps"]
    used = [step["uses"] for step in steps if "uses" in step]
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", use) for use in used)
    return [step["run"] for step in steps if "run" in step]


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"requirements.txt": ""}, "python -m pip install -r requirements.txt"),
        ({"pyproject.toml": "[build-system]\n"}, "python -m pip install ."),
        ({"pyproject.toml": "[tool.x]\n"}, 'echo "fill in - install the application"'),
    ],
)
def test_ci_installs_a_python_project_that_says_how(
    tmp_path: Path, files: dict[str, str], line: str
) -> None:
    """By its requirements, or as a package."""
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    ask(tmp_path)
    assert ci_commands(yaml.safe_load(texts(tmp_path)[GITHUB]))[1] == line


def test_the_known_failures_accept_nothing_and_their_example_loads(tmp_path: Path) -> None:
    """As they stand, and without the comment signs."""
    text = started(tmp_path, "go.mod")[KNOWN]
    rules = [rule for subject in Subject for rule in catalogue(subject)]
    assert load_known(tmp_path / KNOWN, rules) == KnownFailures()
    example = text[text.index("# [[") :].replace("# ", "")
    assert tomllib.loads(example)
    (tmp_path / KNOWN).write_text(example, "utf-8")
    assert len(load_known(tmp_path / KNOWN, rules).failures) == 1
