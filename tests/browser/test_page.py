"""The page in a real browser: filters, anchors, copying, folding, keyboard, screens, hostility."""

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from tests.browser import pages
from tests.browser.conftest import DESKTOP, PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Page

Opened = Callable[..., "Page"]

SECOND = "cancel.second-is-refused"
HELD = "cancel.new-order"
SCREENS: dict[str, dict[str, Any]] = {
    "desktop": DESKTOP,
    "dark": DESKTOP | {"color_scheme": "dark"},
    "phone": PHONE,
    "small": {"viewport": {"width": 320, "height": 568}},
}
_OPEN_ALL = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"


def shown(page: "Page") -> set[str]:
    """The verdicts of the rules that are not filtered out."""
    rules = "[...document.querySelectorAll('[data-rule]:not([hidden])')]"
    return set(page.evaluate(f"{rules}.map((rule) => rule.dataset.verdict)"))


def rules(page: "Page") -> set[str]:
    """The IDs of the rules that are not filtered out."""
    shown = "[...document.querySelectorAll('[data-rule]:not([hidden])')]"
    return set(page.evaluate(f"{shown}.map((rule) => rule.id)"))


def address(page: "Page") -> str:
    """The fragment, asked of the page: ``page.url`` learns of it a moment later."""
    return str(page.evaluate("location.hash"))


# ---------------------------------------------------------------------- any page, any screen
@pytest.mark.parametrize(
    ("name", "screen"),
    [
        *product(("failing", "hostile"), SCREENS),
        *product(("passing", "client"), ("desktop", "dark")),
        ("partial", "phone"),
        ("empty", "small"),
    ],
)
def test_whoever_needs_help_to_read_can_read_it(
    opened: Opened, axe: str, name: str, screen: str
) -> None:
    """No violation of WCAG 2.2 A and AA, nor of axe-core's good practice, all unfolded; and nothing
    is wider than the screen.
    """
    page = opened(name, **SCREENS[screen])
    page.evaluate(_OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")
    told = [
        f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
        for one in found["violations"]
    ]
    assert told == []


def test_hostile_words_are_words(opened: Opened) -> None:
    """No script runs, nothing is loaded, no element is theirs."""
    page = opened("hostile")
    page.evaluate(_OPEN_ALL)
    page.locator("[data-chip=failed]").click()
    assert page.evaluate("window.stolen === undefined")
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    assert "<script>window.stolen" in page.locator("main").inner_text()


def test_arabic_runs_from_the_right(opened: Opened) -> None:
    """Where a target's words are Arabic they begin at the right; ours begin at the left."""
    page = opened("failing")
    page.evaluate(_OPEN_ALL)
    step = page.locator(f"[id='{SECOND}'] ol li", has_text=pages.ARABIC)
    assert step.evaluate("(one) => getComputedStyle(one).direction") == "rtl"
    expected = page.locator(f"[id='{SECOND}'] dd").first
    assert expected.evaluate("(one) => getComputedStyle(one).direction") == "ltr"


# ---------------------------------------------------------------------- what comes first
@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_the_first_screen_tells_what_is_wrong_and_what_to_run(opened: Opened, screen: str) -> None:
    """Without a scroll: verdict, cause, failure, what it costs, what came, and the command."""
    page = opened("failing", **SCREENS[screen])
    height = page.viewport_size["height"] if page.viewport_size else 0
    finding = page.locator("[data-rule]").first
    assert finding.get_attribute("id") == SECOND
    for part in (
        page.locator("h1"),
        page.get_by_role("heading", name=pages.CAUSE),
        finding.locator("h3"),
        finding.locator(".cost"),
        finding.get_by_text("HTTP 200:").first,
        finding.locator("pre").first,
    ):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height, part


def test_a_story_is_drawn_and_told(opened: Opened) -> None:
    """The drawing has its words for those who cannot see it, and what is wrong stands out."""
    page = opened("failing")
    drawing = page.locator(f"[id='{SECOND}'] svg")
    assert "kit to server: POST /orders/A/refund amount 60.00" in (
        drawing.get_attribute("aria-label") or ""
    )
    assert drawing.locator("text.wrong").text_content() == "✗ 0.01 too much"
    assert drawing.locator("g.event").count() == 1


def test_a_timeline_tells_when(opened: Opened) -> None:
    """Of a client: who was asked what, in which second, and which answer was lost."""
    drawing = opened("client").locator(f"[id='{HELD}'] svg")
    assert drawing.locator("text", has_text="0.40 s POST").count() == 1
    assert drawing.locator("path.cross").count() == 1
    assert [one.text_content() for one in drawing.locator("text.who").all()] == [
        "kit",
        "client",
        "API",
    ]


def test_the_lifecycle_shows_where_a_story_failed(opened: Opened) -> None:
    """The arrow on which a broken rule ended is failed; one that nobody walked is not tried."""
    page = opened("failing")
    page.evaluate(_OPEN_ALL)
    rows = page.locator("table tr", has_text="partially_refunded")
    failed = rows.filter(has_text="refund rest").filter(has_text="fully_refunded")
    assert "failed" in failed.inner_text()
    assert page.locator("g.edge.failed").count() == 1
    assert page.locator("g.edge.not-tried").count() >= 5


# ---------------------------------------------------------------------- filters and anchors
def test_a_filter_is_in_the_address(opened: Opened) -> None:
    """A chip writes it; the address alone brings the same."""
    page = opened("failing")
    page.locator("[data-chip=failed]").click()
    assert address(page) == "#failed"
    assert shown(page) == {"failed"}
    assert page.locator("#count").inner_text() == "1 of 8 rules shown"
    assert shown(opened("failing", "#failed")) == {"failed"}
    page.locator("[data-chip=all]").click()
    assert len(shown(page)) > 3


def test_filters_are_joined(opened: Opened) -> None:
    """Level, family and words narrow each other, and stand in the address."""
    page = opened("failing", "#all&family=cancel")
    assert {rule.partition(".")[0] for rule in rules(page)} == {"cancel"}
    page.locator("#filters > summary").click(force=True) if not page.locator(
        "#filter-text"
    ).is_visible() else None
    page.locator("#filter-level").select_option("MUST")
    page.locator("#filter-text").fill("REFUSE another")
    assert rules(page) == {SECOND}
    written = address(page)
    assert "level=MUST" in written
    assert "text=REFUSE%20another" in written
    again = opened("failing", written)
    assert rules(again) == {SECOND}
    assert again.locator("#filter-text").input_value() == "REFUSE another"


def test_what_a_filter_shows_is_unfolded_and_folds_again(opened: Opened) -> None:
    """What held is folded, but where it is asked for."""
    page = opened("passing")
    held = page.locator(f"[id='{HELD}']")
    assert not held.is_visible()
    page.locator("[data-chip=passed]").click()
    assert held.is_visible()
    page.locator("[data-chip=all]").click()
    assert not held.is_visible()


@pytest.mark.parametrize("fragment", ["#%", "#nothing", "#text=%E0%A4", "#failed&level=NONE"])
def test_a_strange_address_breaks_nothing(opened: Opened, fragment: str) -> None:
    """Whatever stands there: no error, and the verdict is seen."""
    assert opened("failing", fragment).locator("h1").is_visible()


def test_each_rule_has_an_anchor_that_unfolds_it(opened: Opened) -> None:
    """A link to a rule shows it, also after the page is open."""
    page = opened("failing", f"#{HELD}")
    held = page.locator(f"[id='{HELD}']")
    assert held.is_visible()
    assert held.evaluate("(one) => one === document.activeElement")
    page.evaluate("location.hash = '#envelope.appended-data'")
    advice = page.locator("[id='envelope.appended-data'] dl")
    advice.wait_for(state="visible")


# ---------------------------------------------------------------------- copying, keyboard, print
def test_the_command_is_copied(opened: Opened) -> None:
    """As it stands there, to the last character; and that it was is said, for two seconds."""
    page = opened("failing", permissions=["clipboard-read", "clipboard-write"])
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    finding = page.locator(f"[id='{SECOND}']")
    button = finding.get_by_role("button", name="Copy: To see it again")
    button.click()
    page.locator("#said", has_text="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == finding.locator("pre").first.inner_text().strip()
    assert "--select cancel.second-is-refused" in copied
    assert button.inner_text() == "Copied"
    page.clock.run_for(2000)
    assert button.inner_text() == "Copy"
    assert page.locator("#said").inner_text() == ""


def test_without_leave_to_copy_the_old_way_is_taken(opened: Opened) -> None:
    """Where the clipboard is refused, what is to be copied is selected and copied."""
    page = opened("failing")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject('refused'); }")
    page.locator(f"[id='{SECOND}'] button").first.click()
    page.locator("#said", has_text="Copied").wait_for()
    assert "--select cancel.second-is-refused" in page.evaluate("getSelection().toString()")


def test_all_can_be_done_with_the_keyboard(opened: Opened) -> None:
    """Skip link first, then the chips; a slash goes to the words, Escape takes them back."""
    page = opened("failing")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    for _ in range(12):
        if page.evaluate("document.activeElement.dataset.chip") == "failed":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert shown(page) == {"failed"}
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "filter-text"
    page.keyboard.type("no such words")
    assert rules(page) == set()
    page.keyboard.press("Escape")
    assert len(rules(page)) == 8
    fold = page.locator(f"[id='{SECOND}'] > summary")
    fold.focus()
    page.keyboard.press("Enter")
    assert not page.locator(f"[id='{SECOND}'] dl").is_visible()


def test_print_shows_what_is_wrong_and_no_buttons(opened: Opened) -> None:
    """Findings are unfolded for the print, and folded again after it."""
    page = opened("failing")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("[id='envelope.appended-data'] dl").is_visible()
    assert not page.locator("nav").is_visible()
    assert page.locator("button:visible").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not page.locator("[id='envelope.appended-data'] dl").is_visible()


def test_without_scripts_all_is_there(opened: Opened) -> None:
    """Nothing is hidden, and no control that would do nothing is shown."""
    page = opened("failing", java_script_enabled=False)
    assert page.locator("[data-rule]").count() == 8
    assert page.locator(f"[id='{SECOND}'] dl").is_visible()
    assert not page.locator("nav").is_visible()
    assert page.locator("button:visible").count() == 0
