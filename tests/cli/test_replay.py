"""``consumer --replay``: a story is sent again, or a line says why it cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import Ended, always, listening, run

SECRET = "whsec_0123456789abcdef0123"
DELIVERY = {
    "method": "POST",
    "headers": {"X-Webhook-Event": "refunded", "X-Webhook-Secret": "$POINTS_WEBHOOK_SECRET"},
    "body": '{"event": "refunded"}',
}


def replayed(folder: Path, url: str, story: object) -> Ended:
    """The command on a story."""
    text = story if isinstance(story, str) else json.dumps(story)
    (folder / "story.json").write_text(text, "utf-8")
    return run(
        folder, "consumer", "--url", url, "--replay", "story.json",
        key=None, POINTS_WEBHOOK_SECRET=SECRET,
    )  # fmt: skip


def refused(done: Ended, word: str) -> None:
    """Exit 2 and a line."""
    said = (done.out + done.err).strip()
    assert done.status == 2, done
    assert word in said
    assert len(said.splitlines()) == 1
    assert SECRET not in said


def test_with_the_consumer_down_it_says_so(tmp_path: Path) -> None:
    """And not with a trace."""
    with listening(always(204, "")) as free:
        url = f"http://127.0.0.1:{free.port}/hook"
    refused(replayed(tmp_path, url, {"deliveries": [DELIVERY]}), "Is it up?")


@pytest.mark.parametrize(
    "story",
    [
        "{", "7", "[]", "null", "{}", '"deliveries"', {"deliveries": None}, {"deliveries": 7},
        {"deliveries": "abc"}, {"deliveries": {"a": 1}}, {"deliveries": [None]},
        {"deliveries": [{}]}, {"deliveries": [{**DELIVERY, "headers": []}]},
        {"deliveries": [{**DELIVERY, "headers": {"a": 1}}]},
        {"deliveries": [{**DELIVERY, "method": 7}]}, {"deliveries": [{**DELIVERY, "body": 7}]},
        {"deliveries": [{**DELIVERY, "body": "\ud800"}]},
        {"deliveries": [{**DELIVERY, "method": "PO ST"}]},
        {"deliveries": [{**DELIVERY, "headers": {"a b": "c"}}]},
        {"deliveries": [{**DELIVERY, "headers": {"a": "é\n"}}]},
        '{"deliveries": [1e9999999]}', "[" * 50_000,
    ],
    ids=lambda story: str(story)[:40].encode("ascii", "replace").decode(),
)  # fmt: skip
def test_a_broken_story_is_refused_in_a_line(tmp_path: Path, story: Any) -> None:
    """Whatever a hand or another program made of it."""
    with listening(always(204, "")) as consumer:
        done = replayed(tmp_path, f"http://127.0.0.1:{consumer.port}/hook", story)
    refused(done, "")


def test_the_secret_is_never_printed(tmp_path: Path) -> None:
    """Not in what a story says of itself either, nor is what a terminal would obey."""
    body = json.dumps({"echo": SECRET})
    story = {
        "deliveries": [{**DELIVERY, "body": body}],
        "expected": f"not {SECRET}",
        "got": "\x1b[2J",
    }
    with listening(always(204, "")) as consumer:
        done = replayed(tmp_path, f"http://127.0.0.1:{consumer.port}/hook", story)
    assert done.status == 0, done
    assert SECRET not in done.out + done.err
    assert "$POINTS_WEBHOOK_SECRET" in done.out
    assert "\x1b" not in done.out
