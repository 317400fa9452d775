"""Whoever has the plugin installed does not feel it: what it imports in a run that asks nothing."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HEAVY = {
    "a2wsgi",
    "click",
    "filelock",
    "httpx",
    "hypothesis",
    "jinja2",
    "jsonschema_rs",
    "requests",
    "respx",
    "rich",
    "schemathesis",
    "simplejson",
    "starlette",
    "trustme",
    "uvicorn",
    "xdist",
    "yaml",
}
OURS = {
    "points_conformance",
    "points_conformance.plugin",
    "points_conformance.plugin.api",
    "points_conformance.plugin.api.options",
    "points_conformance.plugin.client",
    "points_conformance.plugin.client.options",
    "points_conformance.plugin.config",
    "points_conformance.plugin.consumer",
    "points_conformance.plugin.consumer.options",
    "points_conformance.plugin.hooks",
    "points_conformance.plugin.options",
    "points_conformance.subjects",
}
SOMEBODYS_TEST = "def test_of_somebody(tmp_path):\n    assert tmp_path\n"


#: Not ``-X importtime``: it leaves out what pytest itself imports by name, such as the plugin.
RUN = "import pytest, sys; pytest.main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"


def imported(folder: Path, *args: str) -> set[str]:
    """What ``pytest`` imports in a folder, with ours as the only plugin."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *args, "-p", "no:cacheprovider"],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("content", "args"),
    [("", ["--collect-only"]), ("", []), (SOMEBODYS_TEST, []), ("", ["--help"])],
    ids=["collecting nothing", "running nothing", "somebody's test", "--help"],
)
def test_a_run_that_does_not_ask_for_us_imports_nothing_heavy(
    tmp_path: Path, content: str, args: list[str]
) -> None:
    """Beside our own few small modules the plugin brings nothing that pytest has not."""
    if content:
        (tmp_path / "test_somebodys.py").write_text(content, encoding="utf-8")
    without = imported(tmp_path, *args)
    with_us = imported(tmp_path, *args, "-p", "points_conformance.plugin")
    assert {name.partition(".")[0] for name in with_us} & HEAVY == set()
    assert {name for name in with_us if name.startswith("points_conformance")} == OURS
    assert {name.partition(".")[0] for name in with_us - without} - sys.stdlib_module_names == {
        "points_conformance"
    }


def test_the_entry_point_is_the_module_that_was_measured() -> None:
    """``-p points_conformance.plugin`` loads what an installation loads by itself."""
    project = Path(__file__).parents[2] / "pyproject.toml"
    entry = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["entry-points"]
    assert entry["pytest11"] == {"points_conformance": "points_conformance.plugin"}
