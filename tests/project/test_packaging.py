"""What is published works without the checkout: sdist, wheel, a wheel from the sdist, editable."""

import email
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import trove_classifiers

from points_conformance import __version__

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
#: Everything in ``specs/``, as it is found inside the package.
SPECS = {
    f"points_conformance/{path.relative_to(ROOT).as_posix()}"
    for path in (ROOT / "specs").rglob("*")
    if path.is_file()
}
#: Modules that write ``specs/`` and ``docs/`` anew.
OF_A_CHECKOUT = (
    "commands/publish.py",
    "commands/recording.py",
    "defects/recording.py",
    "rules/consumer/page.py",
)
MOST_BYTES = 1_100_000
INTEGRATORS_TEST = """\
from points_conformance.suite import ApiSuite


class TestApi(ApiSuite):
    pass


def test_with_the_fixture(points):
    assert points.order().uuid
"""


def run(*args: object, cwd: Path, status: int = 0, **variables: str) -> str:
    """Run a program away from the checkout's environment; its output."""
    keep = {"PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV"}
    done = subprocess.run(
        [str(arg) for arg in args],
        cwd=cwd,
        env={
            key: value
            for key, value in os.environ.items()
            if key in keep
            or key.startswith(("PIP_", "UV_", "SSL_"))
            or key.lower().endswith("_proxy")
        }
        | variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + (done.stderr if status else "")


@dataclass(frozen=True)
class Built:
    """The files that were built, and the unpacked sdist."""

    sdist: Path
    wheel: Path
    wheel_from_sdist: Path
    unpacked: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built once, with the hatchling of the test environment."""
    folder = tmp_path_factory.mktemp("dist")
    build = (sys.executable, "-m", "build", "--no-isolation")
    run(*build, "--sdist", "--wheel", "--outdir", folder / "one", ROOT, cwd=folder)
    (sdist,) = (folder / "one").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    unpacked = folder / sdist.name.removesuffix(".tar.gz")
    run(*build, "--wheel", "--outdir", folder / "two", unpacked, cwd=folder)
    return Built(sdist, *(folder / "one").glob("*.whl"), *(folder / "two").glob("*.whl"), unpacked)


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python and pip, and nothing of ours; the folder of its programs."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if sys.platform == "win32" else "bin")


def names(wheel: Path) -> set[str]:
    """The files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_package_and_the_specs(built: Built) -> None:
    """The specs lie inside the package; nothing else comes along."""
    inside = names(built.wheel)
    assert inside >= SPECS
    assert {"points_conformance/py.typed", "points_conformance/suite/pytest.ini"} <= inside
    assert {name.split("/")[0].split("-")[0] for name in inside} == {"points_conformance"}


def test_the_wheel_holds_what_users_need_and_no_tests(built: Built) -> None:
    """Also what ``init`` writes from."""
    inside = names(built.wheel)
    assert [
        name for name in inside if re.search(r"(^|/)(tests?|test_[^/]*|conftest[^/]*)(/|$)", name)
    ] == []
    starters = ROOT / "conformance" / "points_conformance" / "commands" / "starters"
    written = {f"points_conformance/commands/starters/{path.name}" for path in starters.iterdir()}
    assert written
    assert written <= inside


def test_the_wheel_lacks_what_only_a_checkout_has_a_use_for(built: Built) -> None:
    """What writes ``specs/`` and ``docs/`` anew. What was recorded is there: reports read it."""
    inside = names(built.wheel)
    assert not inside & {f"points_conformance/{name}" for name in OF_A_CHECKOUT}
    assert all(
        (ROOT / "conformance" / "points_conformance" / name).exists() for name in OF_A_CHECKOUT
    )
    assert "points_conformance/specs/signatures.json" in inside
    kinds = {Path(name).suffix for name in inside if ".dist-info/" not in name}
    assert " ".join(sorted(kinds)) == ".css .ini .j2 .js .json .md .py .txt .typed .yaml"


def test_the_wheel_stays_small(built: Built) -> None:
    """A megabyte to fetch, of which the recording and the catalogue are most."""
    assert built.wheel.stat().st_size < MOST_BYTES
    with zipfile.ZipFile(built.wheel) as archive:
        large = {one.filename for one in archive.infolist() if one.file_size > 100_000}
    assert large <= {
        f"points_conformance/specs/{name}" for name in ("rules.json", "RULES.md", "signatures.json")
    }


def test_the_wheel_says_what_it_is(built: Built) -> None:
    """The version of the package, and classifiers that the index knows."""
    with zipfile.ZipFile(built.wheel) as archive:
        (path,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        told = email.message_from_bytes(archive.read(path))
    assert told["Version"] == __version__
    assert told["License-Expression"] == "MIT"
    kinds = told.get_all("Classifier") or []
    assert set(kinds) <= trove_classifiers.classifiers
    assert kinds == sorted(kinds)
    assert {"Environment :: Console", "Framework :: Pytest", "Typing :: Typed"} <= set(kinds)


def test_a_wheel_from_the_sdist_is_the_same(built: Built) -> None:
    """Whoever repackages the sdist gets what we publish."""
    assert names(built.wheel_from_sdist) == names(built.wheel)


def test_what_the_image_is_given_is_enough_to_build(built: Built, tmp_path: Path) -> None:
    """The Dockerfile copies a part of the project, and makes the same wheel of it."""
    copied = re.findall(
        r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.M
    )
    for name in " ".join(copied).split():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name)
        else:
            shutil.copy(ROOT / name, tmp_path)
    build = (sys.executable, "-m", "build", "--no-isolation", "--wheel")
    run(*build, "--outdir", tmp_path / "dist", tmp_path, cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert names(wheel) == names(built.wheel)


def test_the_sdist_is_a_project_to_work_in(built: Built) -> None:
    """Source, specs, tests, examples and documents."""
    wanted = ["specs/RULES.md", "tests/project/readme.py", "examples", "README.md", "noxfile.py"]
    wanted += ["CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "LICENSE", "conftest.py"]
    wanted += ["SECURITY.md", "Dockerfile", "action.yml", "templates", ".pre-commit-hooks.yaml"]
    assert [name for name in wanted if not (built.unpacked / name).exists()] == []


def program(name: str) -> Path:
    """A program of the extra ``release``; the test is skipped where there is none."""
    beside = Path(sysconfig.get_path("scripts"))
    found = shutil.which(name, path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip(f"NOT TRIED with {name}: pip install -e '.[release]'")
    return Path(found)


def test_pipx_runs_the_wheel(built: Built, tmp_path: Path) -> None:
    """Without an installation of ours, from the index that pip is told of."""
    homes = {name: str(tmp_path / name) for name in ("PIPX_HOME", "PIPX_BIN_DIR")}
    command = ("run", "--no-cache", "--spec", built.wheel, "points-conformance", "--version")
    told = run(program("pipx"), *command, cwd=tmp_path, **homes)
    assert told.strip() == f"points-conformance, version {__version__}"


def test_uvx_runs_the_wheel(built: Built, tmp_path: Path) -> None:
    """The same, from the index that uv is told of, else from pip's."""
    command = ("--from", built.wheel, "points-conformance", "--version")
    asked = (sys.executable, "-m", "pip", "config", "get", "global.index-url")
    index = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    given = {"UV_DEFAULT_INDEX": index} if index and "UV_DEFAULT_INDEX" not in os.environ else {}
    told = run(program("uvx"), *command, cwd=tmp_path, UV_CACHE_DIR=str(tmp_path / "uv"), **given)
    assert told.strip() == f"points-conformance, version {__version__}"


def test_the_version_stands_in_one_place() -> None:
    """pyproject.toml takes it from the package, and so does whoever else tells it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"].endswith("points_conformance/__init__.py")
    for path in (*(ROOT / "conformance").rglob("*.py"), ROOT / "action.yml", ROOT / "Dockerfile"):
        told = path.read_text("utf-8").count(f'{__version__}"')
        assert told == (path.name == "__init__.py" and path.parent.name == "points_conformance"), (
            path
        )


def test_the_wheel_works_in_an_empty_venv_and_so_does_an_editable_install(
    built: Built, empty_venv: Path, tmp_path: Path
) -> None:
    """The command judges, the integrator's suite runs, and the specs are found where they belong.

    One test, for one installation of everything that we depend on.
    """
    where = (
        empty_venv / "python",
        "-c",
        "from points_conformance.contract import specs; print(specs.specs_folder())",
    )
    pip = (empty_venv / "python", "-m", "pip", "install", "-q")
    (tmp_path / "test_points.py").write_text(INTEGRATORS_TEST, encoding="utf-8")

    run(*pip, built.wheel_from_sdist, cwd=tmp_path)
    assert "\nconformant: " in run(
        empty_venv / "points-conformance", "--profile", "smoke", cwd=tmp_path
    )
    ours = empty_venv / "points-conformance"
    for refused in (("rules", "--publish", "x"), ("selfcheck", "--record", "x.json")):
        assert "for a checkout of the project" in run(ours, *refused, cwd=tmp_path, status=2)
    suite = (empty_venv / "pytest", "-q", "--points-profile", "smoke", "-p", "no:cacheprovider")
    assert "\nconformant: " in run(*suite, cwd=tmp_path)
    assert run(*where, cwd=tmp_path).strip().endswith(str(Path("points_conformance", "specs")))

    run(*pip, "--no-deps", "-e", built.unpacked, cwd=tmp_path)
    assert Path(run(*where, cwd=tmp_path).strip()) == (built.unpacked / "specs").resolve()
    assert "\nconformant: " in run(*suite, cwd=tmp_path)
