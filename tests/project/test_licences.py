"""``docs/licences.md`` lists whatever is installed with the kit, and under which licence."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from itertools import product
from pathlib import Path

import pytest
from packaging.licenses import canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DOCUMENT = (Path(__file__).parents[2] / "docs" / "licences.md").read_text(encoding="utf-8")
LISTED: dict[str, str] = dict(re.findall(r"^\| `([\w-]+)` \| (.+?) \|$", DOCUMENT, re.MULTILINE))
#: Whoever uses what is under one of these owes no more than a notice; MPL-2.0 holds for its files.
ALLOWED = {
    *("0BSD", "AFL-2.1", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0"),
    *("MPL-2.0", "PSF-2.0"),
}
#: How packages without an SPDX expression say it.
SPELT = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt"))


def needed_by(name: str, extras: set[str], where: dict[str, str]) -> Iterator[tuple[str, set[str]]]:
    """What a package asks for on a machine; nothing is known of one that is not installed."""
    try:
        lines = distribution(name).requires or []
    except PackageNotFoundError:
        lines = []
    for wanted in map(Requirement, lines):
        with_extras = [where | {"extra": extra} for extra in ({""} | extras)]
        if wanted.marker is None or any(map(wanted.marker.evaluate, with_extras)):
            yield canonicalize_name(wanted.name), set(wanted.extras)


def everything(where: dict[str, str]) -> set[str]:
    """All that comes with the kit and its extras on a machine, itself left out."""
    left, seen = [("points-conformance", {"api", "spread"})], dict[str, set[str]]()
    while left:
        name, extras = left.pop()
        if name in seen and extras <= seen[name]:
            continue
        seen[name] = seen.get(name, set()) | extras
        left += needed_by(name, seen[name], where)
    return seen.keys() - {"points-conformance"}


def machine(python: str, system: tuple[str, str, str]) -> dict[str, str]:
    """What markers ask of a machine."""
    keys = ("sys_platform", "platform_system", "os_name")
    version = {"python_version": python, "python_full_version": f"{python}.0"}
    return version | dict(zip(keys, system, strict=True))


MACHINES = [machine(*one) for one in product(PYTHONS, SYSTEMS)]


def declared(name: str) -> str:
    """The licence that an installed package says it has, as SPDX spells it."""
    told = distribution(name).metadata
    kinds = [row for row in told.get_all("Classifier") or () if row.startswith("License ::")]
    said = told.get("License-Expression") or told.get("License") or kinds[0].split(" :: ")[-1]
    return str(canonicalize_license_expression(SPELT.get(said, said)))


def test_everything_that_is_installed_is_listed() -> None:
    """On each Python and system, with all extras of users; and nothing else is."""
    assert set().union(*map(everything, MACHINES)) == LISTED.keys()


@pytest.mark.parametrize("name", LISTED)
def test_a_licence_is_what_the_package_says_and_allowed(name: str) -> None:
    """One of several, where there is a choice."""
    assert set(re.split(r" OR | AND ", LISTED[name])) <= ALLOWED
    try:
        distribution(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed on this machine")
    assert LISTED[name] == declared(name)
