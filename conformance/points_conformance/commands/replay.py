"""``points-conformance consumer --replay FILE``: a story of an earlier run, sent again."""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from points_conformance.rules.rule import Subject
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
    say = _cleaned(environment, echo)
    try:
        settings = read_settings(options.get, environment, Subject.CONSUMER, command=True)
        story = _loaded(Path(options["replay"]))
        chosen = settings.consumer or ConsumerOptions()
        if chosen.app:
            chosen, stop = _serve(chosen)
        _send(chosen, environment[SECRET], story, say)
    except (SettingsError, Unjudgeable, Unreadable) as error:
        say(f"points-conformance: {error}")
        return 2
    finally:
        if stop is not None:
            stop()
    return 0


def _cleaned(
    environment: Mapping[str, str], echo: Callable[[str], object]
) -> Callable[[str], object]:
    """Says what is fit to be said: a consumer's state, and a story, may hold anything."""
    redact = Redactor.of(environment)
    return lambda text: echo(redact(text))


def _loaded(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        for known in dict.fromkeys(_UUID.findall(text)):
            text = text.replace(known, str(uuid.uuid4()))
        story: dict[str, Any] = json.loads(text)
        if isinstance(story["deliveries"], list):
            return story
    except OSError as error:
        raise SettingsError(f"--replay {path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        pass
    raise SettingsError(f"--replay {path} is no story of a run")


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
        answer = consumer.client.request(
            row["method"], consumer.url, headers=headers, content=body.encode()
        )
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
