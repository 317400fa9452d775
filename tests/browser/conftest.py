"""A real Chromium, headless. Without one, without Playwright or axe-core these tests are skipped,
and say what is missing; with ``POINTS_BROWSER=required`` that is an error.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from tests.browser import pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

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


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The address of each made-up page."""
    folder = tmp_path_factory.mktemp("pages")
    for name in pages.MADE_UP:
        (folder / f"{name}.html").write_text(pages.page(name), "utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in pages.MADE_UP}


@pytest.fixture
def opened(chromium: "Browser", made_up: dict[str, str]) -> Iterator[Callable[..., "Page"]]:
    """Opens a page, made up or at an address; whatever it complains of fails the test at its end,
    and so does a request for anything but itself.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_(name: str, fragment: str = "", **options: Any) -> "Page":
        context = chromium.new_context(**DESKTOP | options)
        contexts.append(context)
        page = context.new_page()
        address = made_up.get(name, name)
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: _only(address, request.url, complaints))
        page.goto(address + fragment)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def _only(address: str, url: str, complaints: list[str]) -> None:
    if url.partition("#")[0] != address:
        complaints.append(f"asked for {url}")
