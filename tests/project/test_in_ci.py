"""Action, GitLab component, pre-commit hooks and Dockerfile: parsed, and run as far as possible."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from tests.cli.command import COMMAND, environment

from points_conformance.cli import main
from points_conformance.subjects import Subject

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "in-ci.md").read_text(encoding="utf-8")
PINNED = r"[\w-]+/[\w-]+@[0-9a-f]{40}"
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
COMPONENT = ROOT / "templates" / "points-conformance.yml"
SPEC, JOBS = yaml.safe_load_all(COMPONENT.read_text(encoding="utf-8"))
INPUTS: dict[str, Any] = SPEC["spec"]["inputs"]
JOB: dict[str, Any] = JOBS["$[[ inputs.job ]]"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def blocks(language: str, section: str = "") -> list[str]:
    """The fenced blocks of the page, in all sections or one."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0] if section else PAGE
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def own_lines() -> list[str]:
    """What follows our command in the page's shell blocks."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [line.rpartition("points-conformance ")[2] for line in lines if "build" not in line]


def takes(name: str, *words: str) -> None:
    """The command has these options, and they take what they are given. Nothing is run."""
    command = main.commands[name]
    assert command.make_context(name, [*words], parent=click.Context(main)).params


class TestTheAction:
    """``action.yml``."""

    def test_is_composite_and_pinned(self) -> None:
        """Whatever it uses of others is a commit."""
        assert ACTION["runs"]["using"] == "composite"
        used = [step["uses"] for step in STEPS if "uses" in step]
        assert used
        assert all(re.fullmatch(PINNED, use) for use in used)

    def test_hands_inputs_to_scripts_by_the_environment_alone(self) -> None:
        """Text that is put into a script would be run."""
        scripts = [step["run"] for step in STEPS if "run" in step]
        assert len(scripts) == 2
        assert not any("${{" in script for script in scripts)
        assert all(step["shell"] == "bash" for step in STEPS if "run" in step)

    def test_uses_the_inputs_that_it_has(self) -> None:
        """Each of them, and no other."""
        used = set(re.findall(r"inputs\.([\w-]+)", json.dumps(STEPS)))
        assert used == ACTION["inputs"].keys()
        assert all(one["description"] for one in ACTION["inputs"].values())

    def judge(self, folder: Path, command: str, arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script that judges, with this environment in place of the one it installs."""
        programs = folder / "venv" / "bin"
        programs.mkdir(parents=True)
        for program in (sys.executable, COMMAND[0]):
            script = programs / Path(program).name.replace(Path(sys.executable).name, "python")
            script.write_text(f'#!/bin/sh\nexec "{program}" "$@"\n', encoding="utf-8")
            script.chmod(0o755)
        (step,) = [step for step in STEPS if step.get("name") == "Judge"]
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=folder,
            env=environment(
                COMMAND=command,
                ARGUMENTS=arguments,
                REPORT_DIR="a folder",
                VENV=str(folder / "venv"),
                GITHUB_STEP_SUMMARY=str(folder / "summary.md"),
            ),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @pytest.mark.parametrize(("client", "status"), [("exit 10", 1), ("exit 11", 1)])
    def test_judges_and_keeps_the_status(self, tmp_path: Path, client: str, status: int) -> None:
        """Quoted words stay one word; the report becomes the summary."""
        command = shlex.quote(f"sh -c '{client}'")
        done = self.judge(tmp_path, "client", f"--command {command} --select client.cancel")
        assert done.returncode == status, done.stdout + done.stderr
        assert json.loads((tmp_path / "a folder" / "report.json").read_text("utf-8"))
        assert "client.cancel" in (tmp_path / "summary.md").read_text("utf-8")

    def test_passes_a_green_on(self, tmp_path: Path) -> None:
        """The embedded simulator is conformant; what a shell would expand is not."""
        done = self.judge(tmp_path, "api", "--base-url simulator --select 'cancel.new-*'")
        assert done.returncode == 0, done.stdout + done.stderr

    @pytest.mark.parametrize("command", ["serve", "", "api; true"])
    def test_refuses_what_judges_nothing(self, tmp_path: Path, command: str) -> None:
        """With status 2, as wrong usage."""
        done = self.judge(tmp_path, command, "")
        assert (done.returncode, done.stdout) == (2, "")


class TestTheGitlabComponent:
    """``templates/points-conformance.yml``."""

    def test_uses_the_inputs_that_it_has(self) -> None:
        """Each of them, and no other."""
        used = set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", COMPONENT.read_text("utf-8")))
        assert used == INPUTS.keys()

    def test_judges_each_subject(self) -> None:
        """The last line is a command that takes these options."""
        assert set(INPUTS["command"]["options"]) == set(Subject)
        words = shlex.split(JOB["script"][-1].replace("$[[ inputs.arguments ]]", ""))
        assert words[0].endswith("/points-conformance")
        assert words[1] == "$[[ inputs.command ]]"
        for subject in Subject:
            takes(subject, *words[2:])

    def test_keeps_the_report_also_of_a_failure(self) -> None:
        """Where the command writes it."""
        kept = JOB["artifacts"]
        assert kept["when"] == "always"
        assert "--report-dir points-conformance-report " in JOB["script"][-1]
        assert kept["paths"] == ["points-conformance-report/"]
        assert kept["reports"]["junit"].startswith("points-conformance-report/")


class TestTheHooks:
    """``.pre-commit-hooks.yaml``."""

    @pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
    def test_run_a_command_that_there_is(self, hook: dict[str, Any]) -> None:
        """Once, with no files, before a push: it takes longer than a commit may."""
        program, *words = shlex.split(hook["entry"])
        assert program == "points-conformance"
        takes(*words)
        assert hook["language"] == "python"
        assert (hook["pass_filenames"], hook["always_run"]) == (False, True)
        assert hook["stages"] == ["pre-push"]


class TestTheDockerfile:
    """``Dockerfile``."""

    def test_is_slim_and_not_root(self) -> None:
        """The last stage has a user before what it runs, and no source."""
        last = DOCKERFILE.rpartition("\nFROM ")[2].splitlines()
        assert re.fullmatch(r"python:3\.\d+-slim", last[0])
        kinds = [line.split()[0] for line in last]
        assert kinds.index("USER") < kinds.index("ENTRYPOINT")
        assert re.search(r"^USER [1-9]\d*$", DOCKERFILE, re.MULTILINE)
        assert [
            line for line in last if line.startswith("COPY") and "--from=build" not in line
        ] == []

    def test_runs_the_command(self) -> None:
        """And nothing between, so that signals reach it."""
        entry = json.loads(re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)[0])
        assert entry == ["points-conformance"]

    def test_is_given_all_that_a_build_needs_and_no_more(self) -> None:
        """``.dockerignore`` lets through what is copied."""
        copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        names = {name for line in copied for name in line.split()}
        let = (ROOT / ".dockerignore").read_text("utf-8").split()
        assert let[0] == "*"
        assert {line[1:] for line in let if line.startswith("!")} == names
        assert all((ROOT / name).exists() for name in names)


class TestThePage:
    """``docs/in-ci.md``."""

    @pytest.mark.parametrize("line", own_lines())
    def test_its_commands_are_ones_that_the_command_takes(self, line: str) -> None:
        """In containers too."""
        words = shlex.split(line)
        takes(*(words if not words[0].startswith("-") else ["api", *words]))

    def test_its_workflow_uses_the_action(self) -> None:
        """With inputs that it has, and options that the command has."""
        (block,) = blocks("yaml", "GitHub")
        steps = yaml.safe_load(block)["jobs"]["refunds"]["steps"]
        ours = [step["with"] for step in steps if "OWNER/" in step.get("uses", "")]
        assert [given["command"] for given in ours] == ["consumer", "client"]
        for given in ours:
            assert given.keys() <= ACTION["inputs"].keys()
            takes(given["command"], *shlex.split(given["arguments"]))
        assert len({given["artifact"] for given in ours}) == len(ours)
        others = [step["uses"] for step in steps if "uses" in step and "OWNER" not in step["uses"]]
        assert all(re.fullmatch(PINNED, use) for use in others)

    def test_its_include_uses_the_component(self) -> None:
        """With inputs that it has."""
        (block,) = blocks("yaml", "GitLab")
        (included,) = yaml.safe_load(block)["include"]
        assert f"/{COMPONENT.stem}@" in included["component"]
        given = included["inputs"]
        assert given.keys() <= INPUTS.keys()
        takes(given["command"], *shlex.split(given["arguments"]))

    def test_its_hooks_are_there(self) -> None:
        """With options that their commands have."""
        (block,) = blocks("yaml", "Before each push")
        (repo,) = yaml.safe_load(block)["repos"]
        entries = {hook["id"]: hook["entry"] for hook in HOOKS}
        assert {hook["id"] for hook in repo["hooks"]} == entries.keys()
        for hook in repo["hooks"]:
            takes(*shlex.split(entries[hook["id"]])[1:], *hook["args"])


def test_the_promise_names_what_there_is() -> None:
    """``docs/stability.md``: the report's format, and the exit statuses of their page."""
    page = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")
    schema = json.loads((ROOT / "specs" / "report.schema.json").read_text(encoding="utf-8"))
    assert f"`format` is {schema['properties']['format']['const']}" in page
    statuses_page = ROOT / "docs" / "reference" / "exit-statuses.md"
    section = statuses_page.read_text("utf-8").split("\n| exit status |")[1].split("\n\n")[0]
    statuses = sorted(set(re.findall(r"^\| (\d) \|", section, re.MULTILINE)))
    (promised,) = re.findall(r"^\| exit statuses \| (.+?), with", page, re.MULTILINE)
    assert re.findall(r"\d", promised) == statuses
