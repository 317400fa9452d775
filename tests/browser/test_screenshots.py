"""Pictures of real runs, to be looked at: kept where ``POINTS_SCREENSHOTS`` says."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.browser.conftest import DESKTOP, PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Page

EXAMPLES = Path(__file__).parents[2] / "examples"
SCREENS: dict[str, dict[str, Any]] = {
    "desktop": DESKTOP,
    "dark": DESKTOP | {"color_scheme": "dark"},
    "phone": PHONE | {"device_scale_factor": 2},
}
#: A run that passes, one that fails, and what each ends with.
RUNS: dict[str, tuple[tuple[str, ...], int]] = {
    "passing": (("api", "--base-url", "simulator", "--profile", "smoke"), 0),
    "failing": (
        (
            *("consumer", "--app", "consumer_naive:app", "--url", "/webhooks/points"),
            *("--state-url", "/orders/{order_id}", "--profile", "smoke"),
        ),
        1,
    ),
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go."""
    kept = os.environ.get("POINTS_SCREENSHOTS")
    where = Path(kept) if kept else tmp_path_factory.mktemp("screenshots")
    where.mkdir(parents=True, exist_ok=True)
    return where


@pytest.mark.parametrize("name", RUNS)
def test_a_real_run_is_pictured(
    opened: "Callable[..., Page]", folder: Path, tmp_path: Path, name: str
) -> None:
    """On a desktop, in the dark, on a phone, and on paper: none is empty, and none complains."""
    arguments, status = RUNS[name]
    words = [str(Path(sys.executable).with_name("points-conformance")), *arguments]
    secret = {"POINTS_WEBHOOK_SECRET": "whsec_of_the_pictures"}
    done = subprocess.run(
        [*words, "--report-dir", str(tmp_path)],
        env=os.environ | secret,
        cwd=EXAMPLES,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stdout.decode()
    address = (tmp_path / "report.html").as_uri()
    for screen, options in SCREENS.items():
        page = opened(address, **options)
        page.screenshot(path=folder / f"{name}-{screen}.png")
        page.screenshot(path=folder / f"{name}-{screen}-whole.png", full_page=True)
    page.pdf(path=folder / f"{name}-print.pdf")
    made = [path for path in folder.iterdir() if path.name.startswith(name)]
    assert len(made) == 2 * len(SCREENS) + 1
    assert all(path.stat().st_size > 5000 for path in made)
