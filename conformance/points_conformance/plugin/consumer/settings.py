"""The options of subject ``consumer``, checked before anything is sent."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self
from urllib.parse import urlsplit

from points_conformance.contract.hosts import is_loopback
from points_conformance.contract.names import OrderStatus
from points_conformance.plugin.settings import (
    Chosen,
    SettingsError,
    SubjectSettings,
    fits_a_header,
    positive,
    words_of,
    wrong_usage,
)
from points_conformance.targets.command import CommandError, words_of_command
from points_conformance.targets.consumer.build import AppError, ConsumerOptions, load_app
from points_conformance.targets.consumer.probe import PointerError, lookup
from points_conformance.targets.consumer.target import SECRET
from points_conformance.targets.guard import can_be_called

__all__ = ["ConsumerSettings", "read"]


class ConsumerSettings(ConsumerOptions, SubjectSettings):
    """How a consumer is reached and read, and what a run asks of that."""

    @property
    def target(self) -> str:
        """What is judged, in words."""
        return f"application {self.app}" if self.app else self.url or "points_consumer"

    @property
    def on_loopback(self) -> bool:
        """Whether the consumer is on this machine."""
        url = self.url
        return not url or url.startswith("/") or is_loopback(urlsplit(url).hostname or "")

    @property
    def arguments(self) -> list[str]:
        """The options that it takes to judge the same consumer again, beside its URL."""
        return words_of(
            self,
            f"app {'url ' if self.app else ''}app_interface state_url state_status state_refunded "
            "state_unit state_map order_url restart_command settle",
        )

    def at(self, url: str, environment: Mapping[str, str]) -> Self:
        """The consumer at another URL. Raises :class:`SettingsError`."""
        return replace(self, url=_checked(url))


def read(option: Chosen, environment: Mapping[str, str], *, command: bool) -> ConsumerSettings:
    """The options. Raises :class:`SettingsError`. Under pytest the target may be a fixture's."""
    options = ConsumerSettings(
        url=option("url") or "",
        app=option("app") or "",
        app_interface=_one_of("app-interface", option("app_interface") or "auto", "auto asgi wsgi"),
        state_url=_template("state-url", option("state_url") or "", needs_id=True),
        state_status=_pointer("state-status", option("state_status") or "/order_status"),
        state_refunded=_pointer("state-refunded", option("state_refunded") or "/refunded_amount"),
        state_map=_words(option("state_map") or ()),
        state_unit=_one_of("state-unit", option("state_unit") or "sar", "sar halala"),
        restart_command=option("restart_command") or "",
        order_url=_template("order-url", option("order_url") or "", needs_id=False),
        settle=positive("settle", option("settle"), most=600) or ConsumerOptions().settle,
    )
    if not environment.get(SECRET):
        raise SettingsError(
            f"no webhook secret: set {SECRET} in the environment to the one that the consumer knows"
        )
    fits_a_header(SECRET, environment[SECRET], "secret")
    if options.restart_command:
        with wrong_usage(CommandError):
            words_of_command("--restart-command", options.restart_command, environment.get("PATH"))
        if options.app:
            raise SettingsError(
                "--restart-command is for a consumer that runs by itself: give its --url, and no "
                "--app"
            )
    if options.app:
        with wrong_usage(AppError):
            load_app(options.app)
        if options.url and not options.url.startswith("/"):
            raise SettingsError(
                "beside --app, --url is the path of its webhook: give /webhooks/points"
            )
        return options
    if options.url.startswith("/") and command:
        raise SettingsError(f"--url {options.url} is a path: give a whole URL, or --app as well")
    if options.url and not options.url.startswith("/"):
        _checked(options.url)
    elif command:
        raise SettingsError("no consumer: give --url URL or --app pkg.mod:app")
    return options


def _checked(url: str) -> str:
    """The URL of a consumer. Raises :class:`SettingsError`."""
    if url.startswith(("http://", "https://")) and not can_be_called(url):
        raise SettingsError(f"{url[:200]!r} has no valid host and port")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise SettingsError(f"{url[:200]!r} is not a URL") from None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise SettingsError(f"{url!r} is not a URL: give https://host/path/of/the/webhook")
    if "@" in parts.netloc or parts.fragment:
        raise SettingsError("give the URL of the consumer without user and fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise SettingsError(f"plain HTTP to {host} would show the secret to the network: use https")
    return url


def _one_of(name: str, value: str, choices: str) -> Any:
    if value not in choices.split():
        raise SettingsError(f"--{name} {value!r} is none of {', '.join(choices.split())}")
    return value


def _template(name: str, value: str, *, needs_id: bool) -> str:
    if value and needs_id and "{order_id}" not in value:
        raise SettingsError(f"--{name} {value!r} has no {{order_id}} in it")
    if value.startswith(("http://", "https://")):
        _checked(value)
    return value


def _pointer(name: str, value: str) -> str:
    try:
        lookup({}, value)
    except PointerError as error:
        if "leads nowhere" not in str(error):
            raise SettingsError(f"--{name}: {error}") from None
    return value


def _words(rows: Any) -> dict[str, str]:
    ours = [status.value for status in OrderStatus]
    words: dict[str, str] = {}
    for row in (rows,) if isinstance(rows, str) else rows:
        own, equals, word = row.rpartition("=")
        if not equals or word not in ours:
            raise SettingsError(
                f"--state-map {row!r}: give OWN=OURS, ours one of {', '.join(ours)}"
            )
        words[own] = word
    return words
