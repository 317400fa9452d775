"""The documents say what is true: links, floors, recipes, fragments of the changelog."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest
from tests.project.pages import PAGES

from points_conformance.defects.api.seeded import SEEDED
from points_conformance.subjects import catalogue

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        path
        for folder in (".", "changes", "examples", "specs")
        for path in (ROOT / folder).glob("*.md")
    ]
    + [ROOT / page for page in PAGES]
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    """To a file or folder of the project, or to another site."""
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    inside = [link for link in links if not link.startswith("https://")]
    assert [link for link in inside if not (document.parent / link).exists()] == []


def test_the_architecture_lists_the_floors_in_their_order() -> None:
    """As they are checked."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    floors = [re.findall(r"\w+", layer) for layer in layers]
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    assert [re.findall(r"\w+", row) for row in rows] == floors


def test_the_recipes_show_what_is_in_the_code() -> None:
    """A rule and a defect, as they stand there."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (rule_id,) = re.findall(r'@rule\("([^"]+)"', text)
    (defect_id,) = re.findall(r'@seed\.on\([\w.]+, "([^"]+)"', text)
    rule, defect = catalogue()[rule_id], SEEDED.named(defect_id)
    assert f'"""{rule.statement}"""' in text
    assert f"def {rule.check.__name__}(" in text
    assert f'"""{defect.summary}"""' in text
    assert all(f'"{name}"' in text for name in defect.caught_by)


def test_the_readme_is_short() -> None:
    """What it is, for whom, the two commands, a picture, three ways in, links."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_every_fragment_of_the_changelog_has_a_kind() -> None:
    """And something to say."""
    fragments = [path for path in (ROOT / "changes").iterdir() if path.name != "README.md"]
    for path in fragments:
        assert re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|removed)\.md", path.name)
        assert path.read_text(encoding="utf-8").strip()


def test_the_sessions_that_documents_name_exist() -> None:
    """``nox -s NAME``."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("\n\n")[1]
    sessions = re.findall(
        r"^@nox.session.*\ndef (\w+)",
        (ROOT / "noxfile.py").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    named_ones = re.search(r"runs its parts: (.*)", text)
    assert named_ones
    assert set(re.findall(r"`(\w+)`", named_ones[1])) == set(sessions)


def test_the_version_is_in_one_place() -> None:
    """In the package; the project reads it from there."""
    package = importlib.import_module("points_conformance")
    assert "version" in PROJECT["project"]["dynamic"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", package.__version__)
    beside = ["action.yml", "Dockerfile", "pyproject.toml", "README.md", "SECURITY.md"]
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in beside]
    assert [
        name for name, text in zip(beside, texts, strict=True) if package.__version__ in text
    ] == []
