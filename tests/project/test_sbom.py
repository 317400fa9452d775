"""The bill of materials that goes with a release: whole, valid, and of what users install."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from tests.project.sbom import make
from tests.project.test_licences import LISTED, everything, machine

from points_conformance import __version__

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
#: What users get on the machine that makes it.
HERE = machine(
    f"{sys.version_info.major}.{sys.version_info.minor}",
    {"linux": ("linux", "Linux", "posix"), "darwin": ("darwin", "Darwin", "posix")}.get(
        sys.platform, ("win32", "Windows", "nt")
    ),
)


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Made once, of a wheel of this checkout."""
    if find_spec("cyclonedx_py") is None:
        pytest.skip("NOT MADE: the bill of materials takes pip install -e '.[release]'")
    folder = tmp_path_factory.mktemp("bill")
    build = ("-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT))
    subprocess.run([sys.executable, *build], check=True, capture_output=True, timeout=240)
    (wheel,) = folder.glob("*.whl")
    make(wheel, folder / "bill.json")
    told: dict[str, Any] = json.loads((folder / "bill.json").read_text(encoding="utf-8"))
    return told


def test_it_is_about_this_version(bill: dict[str, Any]) -> None:
    """A reader that knows CycloneDX 1.6 finds the project, its version and its licence."""
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    ours = bill["metadata"]["component"]
    assert (ours["name"], ours["version"]) == ("points-conformance", __version__)
    assert ours["licenses"][0]["license"]["id"] == "MIT"


def test_it_names_what_users_install_and_nothing_else(bill: dict[str, Any]) -> None:
    """Each as docs/licences.md lists it; no pip, none of this project's test tools."""
    named = {canonicalize_name(one["name"]) for one in bill["components"]}
    assert named == everything(HERE)
    assert named <= LISTED.keys()


def test_each_part_has_a_version_a_place_and_a_licence(bill: dict[str, Any]) -> None:
    """Enough to ask a database of known weaknesses."""
    for one in bill["components"]:
        assert re.fullmatch(r"pkg:pypi/[\w.-]+@[\w.+!-]+", one["purl"]), one
        assert one["version"] in one["purl"]
        assert one["licenses"], one


def test_whoever_depends_on_whom_is_told(bill: dict[str, Any]) -> None:
    """From the project on, every part can be reached."""
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    left, seen = ["root-component"], set[str]()
    while left:
        if (ref := left.pop()) not in seen:
            seen.add(ref)
            left += needs[ref]
    assert seen == {"root-component", *(one["bom-ref"] for one in bill["components"])}
