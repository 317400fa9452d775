"""The published catalogue is what the code says: regenerate it after every change of a rule."""

import subprocess
import sys
from pathlib import Path

import pytest

from points_conformance.commands.publish import publish_consumer_page
from points_conformance.contract.specs import specs_folder

COMMAND = [sys.executable, "-c", "from points_conformance.cli import main; main()"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue as the command writes it now."""
    folder = tmp_path_factory.mktemp("specs")
    subprocess.run(
        [*COMMAND, "rules", "--publish", str(folder)], check=True, capture_output=True, timeout=60
    )
    return folder


@pytest.mark.parametrize("name", ["RULES.md", "rules.json"])
def test_the_published_catalogue_is_up_to_date(generated: Path, name: str) -> None:
    """Stale is an error."""
    published = specs_folder() / name
    is_fresh = published.is_file() and published.read_bytes() == (generated / name).read_bytes()
    assert is_fresh, f"specs/{name} is stale: run points-conformance rules --publish specs"


def test_the_page_for_consumers_is_up_to_date(tmp_path: Path) -> None:
    """Stale is an error here too."""
    page = publish_consumer_page(tmp_path)
    published = Path(__file__).parents[2] / "docs" / page.name
    is_fresh = published.is_file() and published.read_bytes() == page.read_bytes()
    assert is_fresh, "stale: run points-conformance rules --publish-docs docs"
