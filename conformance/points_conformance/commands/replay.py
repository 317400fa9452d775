"""``points-conformance consumer --replay FILE``: a story of an earlier run, sent again."""

import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from points_conformance.judging.exchange import Redactor
from points_conformance.judging.finding import NotExercised, Unjudgeable
from points_conformance.plugin.settings import SettingsError, read_settings
from points_conformance.simulator.messages import load_json
from points_conformance.subjects import Subject
from points_conformance.targets.consumer.build import (
    ConsumerOptions,
    build_consumer,
    interface_of,
    load_app,
    served,
)
from points_conformance.targets.consumer.probe import Unreadable
from points_conformance.targets.consumer.target import SECRET, ConsumerTarget, Told

__all__ = ["replay"]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
#: What a header of a story may hold.
_VALUE = re.compile(r"[\t\x20-\x7e]*")


class _Failed(Exception):
    """The story could not be sent to its end. The text says why, in a line."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One delivery of a story."""

    method: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class _Story:
    """The deliveries of a finding, and what was expected and got."""

    rows: tuple[_Row, ...]
    expected: str
    got: str


def replay(
    options: Mapping[str, Any], environment: Mapping[str, str], echo: Callable[[str], object]
) -> int:
    """Send the story's deliveries about fresh orders, and show answers and states.

    Status 0 where it was sent, 2 where it could not be. The secret is shown nowhere, whoever says
    it.
    """
    redact = Redactor.of(environment)

    def show(text: str) -> None:
        echo(redact(text))

    stop: Callable[[], object] | None = None
    try:
        settings = read_settings(options.get, environment, Subject.CONSUMER, command=True)
        story = _loaded(Path(options["replay"]))
        chosen = cast(ConsumerOptions, settings.of)
        if chosen.app:
            chosen, stop = _serve(chosen)
        _send(chosen, environment[SECRET], story, show)
    except (SettingsError, Unjudgeable, Unreadable, NotExercised, _Failed) as error:
        show(f"points-conformance: {error}")
        return 2
    finally:
        if stop is not None:
            stop()
    return 0


# ---------------------------------------------------------------------- the file
def _loaded(path: Path) -> _Story:
    try:
        text = path.read_text(encoding="utf-8")
        for known in dict.fromkeys(_UUID.findall(text)):
            text = text.replace(known, str(uuid.uuid4()))
        return _story(load_json(text.encode()))
    except OSError as error:
        raise SettingsError(f"--replay {path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SettingsError(f"--replay {path} is no story of a run") from None


def _story(told: Any) -> _Story:
    """Raises ValueError, KeyError, TypeError or AttributeError for what is none."""
    rows = tuple(_row(row) for row in told["deliveries"])
    if not rows:
        raise ValueError("no deliveries")
    return _Story(rows, str(told.get("expected")), str(told.get("got")))


def _row(told: Any) -> _Row:
    method, headers, body = told["method"], dict(told["headers"].items()), told["body"] or ""
    body.encode()
    values = list(headers.values())
    sound = all(_TOKEN.fullmatch(name) for name in (method, *headers))
    if not sound or not all(_VALUE.fullmatch(value) for value in values):
        raise ValueError("no HTTP request holds that")
    return _Row(method, headers, body)


# ---------------------------------------------------------------------- sending
def _serve(options: ConsumerOptions) -> tuple[ConsumerOptions, Callable[[], object]]:
    app = load_app(options.app)
    interface = interface_of(app) if options.app_interface == "auto" else options.app_interface
    if interface not in ("asgi", "wsgi"):
        raise SettingsError(f"--app {options.app}: say --app-interface asgi or wsgi")
    origin, stop = served(app, interface)
    return replace(options, url=origin + (options.url or "/")), stop


def _send(
    options: ConsumerOptions, secret: str, story: _Story, show: Callable[[str], object]
) -> None:
    consumer = build_consumer(options, secret)
    try:
        orders: dict[str, None] = {}
        for row in story.rows:
            told = _sent(consumer, row)
            show(f"{row.method} {row.body[:80]}... -> {told.status}")
            orders |= dict.fromkeys(_UUID.findall(row.body)[:1])
        if consumer.has_probe:
            time.sleep(min(consumer.settle, 2.0))
            for order in orders:
                state = consumer.probe().read(order)
                show(f"order {order}: {state if state is not None else 'unknown'}")
        show(f"expected: {story.expected}; got in the run: {story.got}")
    finally:
        consumer.client.close()


def _sent(consumer: ConsumerTarget, row: _Row) -> Told:
    """The answer, which there must be. 429 is obeyed as in a run."""
    headers = {k: v.replace(f"${SECRET}", consumer.secret) for k, v in row.headers.items()}
    told = consumer.call(row.method, headers, row.body.encode())
    if told.status is None:
        raise _Failed(
            f"{consumer.url} gives no answer to the story's delivery: {told.error}. Is it up?"
        )
    return told
