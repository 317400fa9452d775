"""A real Chromium, headless. Without one, without Playwright or axe-core these tests are skipped,
and say what is missing; with ``POINTS_BROWSER=required`` that is an error.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PHONE = {"viewport": {"width": 375, "height": 812}, "has_touch": True}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}


def missing(what: str) -> NoReturn:
    """Say what is missing."""
    if os.environ.get("POINTS_BROWSER") == "required":
        pytest.fail(f"a page cannot be looked at: {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """The browser, started once."""
    path = os.environ.get("POINTS_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        missing("no Chromium: install it, or name it in POINTS_CHROMIUM")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("no Playwright: pip install playwright")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, as its npm package has it."""
    path = os.environ.get("POINTS_AXE", "")
    if not path or not Path(path).is_file():
        missing("no axe-core: npm pack axe-core, and name its axe.min.js in POINTS_AXE")
    return Path(path).read_text("utf-8")
