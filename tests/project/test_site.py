"""The site: what is generated for it is of today's code, and its link check would fail."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from tests.project.pages import PAGES, ROOT
from tests.quality import stories

from points_conformance.defects.catalogue import seeded
from points_conformance.defects.recording import mark_of
from points_conformance.judging.rule import Rule
from points_conformance.subjects import Subject, catalogue

DOCS: Final = ROOT / "docs"
RULES: Final = [rule for subject in Subject for rule in catalogue(subject)]
RECORDED: Final = stories.read()
#: Rules that are recorded again: cheap ones, of each subject.
AGAIN: Final = (
    "refund.sum-bounded",
    "cancel.default-reason",
    "points.in-proportion",
    "client.lost-partial-answer",
    "consumer.second-partial-refund",
)


def module(name: str) -> ModuleType:
    """A module of ``docs/``, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    return found


# ---------------------------------------------------------------------- stories
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_failing_story_or_says_why_not(rule: Rule) -> None:
    """Recorded with today's declaration, of a defect that it is declared to catch:
    ``python -m tests.quality.stories`` records what is missing.
    """
    story = RECORDED.get(rule.id)
    if story is None:
        assert stories.why_none(rule)
        return
    assert story["mark"] == mark_of(rule), "its declaration changed since"
    defect = seeded(Subject(rule.subject)).named(story["defect"])
    assert defect.must_fail(rule.id)
    assert story["wrong"] == defect.summary
    assert story["title"]
    assert story["expected"]


def test_no_story_is_of_a_rule_that_is_gone() -> None:
    """And the file stays small."""
    assert RECORDED.keys() <= {rule.id for rule in RULES}
    assert stories.STORIES.stat().st_size < 600_000


@pytest.mark.parametrize("id_", AGAIN)
def test_a_story_is_what_happens(id_: str) -> None:
    """Recorded again it is the same, to the letter."""
    (rule,) = [rule for rule in RULES if rule.id == id_]
    assert stories.record(rule) == RECORDED[id_]


# ---------------------------------------------------------------------- pages
def test_every_page_is_in_the_tree() -> None:
    """Or nobody finds it."""
    tree = (DOCS / "index.md").read_text(encoding="utf-8")
    named = {f"docs/{line.strip()}.md" for line in tree.splitlines()}
    assert [page for page in PAGES if page not in named | {"docs/index.md"}] == []


def test_whatever_is_generated_is_asked_for_by_a_page() -> None:
    """Each kind once."""
    text = "".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    kinds = ["commands", "options", "environment", "hooks", "points", "faults", "deliveries"]
    for kind in [*kinds, "report-schema"]:
        assert text.count(f"<!-- site: {kind} -->") == 1


# ---------------------------------------------------------------------- links
class TestTheLinkCheck:
    """``docs/check_links.py``."""

    def told(self, folder: Path, page: str) -> list[str]:
        """What it says of a site with one page, beside an empty one."""
        (folder / "other.html").write_text('<p id="here">', encoding="utf-8")
        (folder / "page.html").write_text(page, encoding="utf-8")
        return list(module("check_links").broken(folder))

    @pytest.mark.parametrize(
        "link", ["other.html", "other.html#here", "#own", "https://elsewhere.example/x", "?a=b"]
    )
    def test_is_content(self, tmp_path: Path, link: str) -> None:
        """Pages, anchors, and links to other sites."""
        assert self.told(tmp_path, f'<i id="own"></i><a href="{link}">') == []

    @pytest.mark.parametrize("link", ["none.html", "other.html#there", "#none", "picture.png"])
    def test_finds_what_leads_nowhere(self, tmp_path: Path, link: str) -> None:
        """And names page and link."""
        assert self.told(tmp_path, f'<a href="{link}">') == [f"page.html: {link} leads nowhere"]

    @pytest.mark.parametrize(
        "tag", ['<script src="{}">', '<link rel="stylesheet" href="{}">', '<img src="{}">']
    )
    def test_finds_what_is_loaded_from_elsewhere(self, tmp_path: Path, tag: str) -> None:
        """The site is read without a network."""
        address = "https://elsewhere.example/x.js"
        assert self.told(tmp_path, tag.format(address)) == [f"page.html: loads {address}"]


def test_the_recorded_stories_are_plain_json() -> None:
    """As they are written: nothing was edited by hand."""
    text = stories.STORIES.read_text(encoding="utf-8")
    assert json.dumps(json.loads(text), ensure_ascii=False, indent=1) + "\n" == text
