"""``points-conformance consumer --replay FILE``: a story of an earlier run, sent again."""

import re
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from points_conformance.report.text import plain
from points_conformance.rules.rule import Subject
from points_conformance.simulator.messages import load_json
from points_conformance.suite.settings import SettingsError, read_settings
from points_conformance.targets.consumer import SECRET
from points_conformance.targets.consumer_build import (
    ConsumerOptions,
    build_consumer,
    interface_of,
    load_app,
    served,
)
from points_conformance.targets.consumer_probe import Unreadable
from points_conformance.targets.exchange import Redactor
from points_conformance.targets.fetch import fetch
from points_conformance.targets.live import Unjudgeable

__all__ = ["replay"]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def replay(
    options: Mapping[str, Any], environment: Mapping[str, str], echo: Callable[[str], object]
) -> int:
    """Send the story's deliveries about fresh orders, and show answers and states.

    Status 0 where it was sent, 2 where it could not be.
    """
    stop: Callable[[], object] | None = None
    try:
        settings = read_settings(options.get, environment, Subject.CONSUMER, command=True)
        story = _loaded(Path(options["replay"]))
        chosen = settings.consumer or ConsumerOptions()
        if chosen.app:
            chosen, stop = _serve(chosen)
        secret = environment[SECRET]
        say = Redactor({SECRET: secret})
        _send(chosen, secret, story, lambda line: echo(plain(say(line))))
    except (SettingsError, Unjudgeable, Unreadable) as error:
        echo(f"points-conformance: {error}")
        return 2
    finally:
        if stop is not None:
            stop()
    return 0


def _loaded(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        for known in dict.fromkeys(_UUID.findall(text)):
            text = text.replace(known, str(uuid.uuid4()))
        story: dict[str, Any] = load_json(text.encode())
        if all(map(_is_delivery, story["deliveries"])):
            return story
    except OSError as error:
        raise SettingsError(f"--replay {path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise SettingsError(f"--replay {path} is no story of a run")


def _is_delivery(row: Any) -> bool:
    """Whether a row of a story says all that it takes to send it."""
    headers = row["headers"].items()
    texts = [row["method"], row["body"], *(text for header in headers for text in header)]
    return bool(row["method"]) and all(isinstance(text, str) for text in texts)


def _serve(options: ConsumerOptions) -> tuple[ConsumerOptions, Callable[[], object]]:
    from dataclasses import replace

    app = load_app(options.app)
    interface = interface_of(app) if options.interface == "auto" else options.interface
    if interface not in ("asgi", "wsgi"):
        raise SettingsError(f"--app {options.app}: say --app-interface asgi or wsgi")
    origin, stop = served(app, interface)
    return replace(options, url=origin + (options.url or "/")), stop


def _send(
    options: ConsumerOptions, secret: str, story: dict[str, Any], echo: Callable[[str], object]
) -> None:
    consumer = build_consumer(options, secret)
    orders: dict[str, None] = {}
    for row in story["deliveries"]:
        headers = {k: str(v).replace(f"${SECRET}", secret) for k, v in row["headers"].items()}
        body = str(row["body"])
        try:
            answer = fetch(
                consumer.client, row["method"], consumer.url, headers=headers, content=body.encode()
            )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise SettingsError(
                f"{options.url} took no delivery ({type(error).__name__}). Is it up?"
            ) from None
        echo(f"{row['method']} {body[:80]}... -> {answer.status_code}")
        orders |= dict.fromkeys(_UUID.findall(body)[:1])
    if consumer.has_probe:
        for order in orders:
            state = _settled(consumer, order)
            echo(f"order {order}: {state if state is not None else 'unknown'}")
    echo(f"expected: {story.get('expected')}; got in the run: {story.get('got')}")
    consumer.client.close()


def _settled(consumer: Any, order: str) -> Any:
    """The state once the settling time is over."""
    import time

    time.sleep(min(consumer.settle, 2.0))
    return consumer.probe().read(order)
