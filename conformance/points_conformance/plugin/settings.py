"""What a run was asked for: one table of options, used by the command and by pytest alike."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.hosts import is_loopback
from points_conformance.judging.catalogue import Catalogue, CatalogueError
from points_conformance.judging.known import KnownError, KnownFailures, load_known
from points_conformance.judging.rule import Profile, Rule
from points_conformance.plugin.client_settings import ClientOptions, read_client
from points_conformance.plugin.consumer_settings import WrongOption, arguments_of, read_consumer
from points_conformance.subjects import SUBJECTS, Subject, catalogue, part
from points_conformance.targets.api.sources import OrdersFileError, load_orders
from points_conformance.targets.consumer.build import ConsumerOptions
from points_conformance.targets.guard import TargetRefused, checked_base_url

__all__ = [
    "Settings",
    "SettingsError",
    "of_a_client",
    "of_a_consumer",
    "of_a_server",
    "read_settings",
    "with_base_url",
]

#: What ``--base-url`` may say to mean the embedded simulator whatever the environment says.
SIMULATOR = "simulator"
#: The value of an option by its name with underscores, ``None`` where unset.
Option = Callable[[str], Any]
#: The most rules at once: each has a thread and a connection.
MOST_AT_ONCE = 64
#: What comes from the environment alone.
SECRETS = ("POINTS_API_KEY", "POINTS_OTHER_API_KEY", "POINTS_PUBLIC_KEY", "POINTS_WEBHOOK_SECRET")


class SettingsError(ValueError):
    """Wrong usage. The text says what is wrong, where, and what to do, in a line or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A run's settings, checked. ``base_url`` is ``None`` for the embedded simulator."""

    subject: Subject
    profile: Profile = Profile.STANDARD
    seed: int = 0
    select: tuple[str, ...] = ()
    deselect: tuple[str, ...] = ()
    known: KnownFailures | None = None
    known_file: Path | None = None
    strict: bool = False
    side_by_side: int | None = None
    report_dir: Path | None = None
    dry_run: bool = False
    base_url: str | None = None
    orders: Path | None = None
    dialect: str = "default"
    rate: float | None = None
    allow_production: bool = False
    webhook_listen: str = ""
    webhook_url: str = ""
    webhook_grace: float | None = None
    webhook_retry_within: float | None = None
    consumer: ConsumerOptions | None = None
    replay: Path | None = None
    client: ClientOptions | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def catalogue(self) -> Catalogue:
        """The subject's rules."""
        return catalogue(self.subject)

    @property
    def rules(self) -> list[Rule]:
        """The rules that are selected."""
        return self.catalogue.select(
            self.profile, self.select, self.deselect, loopback=self.on_loopback
        )

    @property
    def scope(self) -> list[str]:
        """What the verdict is about, in words."""
        chosen = [f"selected {pattern}" for pattern in self.select] or ["all"]
        return chosen + [f"without {pattern}" for pattern in self.deselect]

    @property
    def on_loopback(self) -> bool:
        """Whether the target is on this machine."""
        if self.consumer is not None:
            url = self.consumer.url
            return not url or url.startswith("/") or is_loopback(urlsplit(url).hostname or "")
        return self.base_url is None or is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def arguments(self) -> list[str]:
        """The options beside the URL that it takes to judge the same target again, and to have the
        same said of it.
        """
        known = ["--known-failures", str(self.known_file)] if self.known_file else []
        if self.consumer is not None:
            return arguments_of(self.consumer) + known
        if self.client is not None:
            return self.client.arguments + known
        return self._of_a_server + known

    @property
    def _of_a_server(self) -> list[str]:
        words = ["--dialect", self.dialect] if self.dialect != "default" else []
        for name, value in (
            ("orders", self.orders),
            ("webhook-listen", self.webhook_listen),
            ("webhook-url", self.webhook_url),
            ("webhook-grace", _short(self.webhook_grace)),
            ("webhook-retry-within", _short(self.webhook_retry_within)),
            ("rate", _short(self.rate)),
        ):
            words += [f"--{name}", str(value)] if value else []
        return words + (["--allow-production"] if self.allow_production else [])

    @property
    def target(self) -> str:
        """What is judged, in words."""
        if self.client is not None:
            return f"command {self.client.command}" if self.client.command else "points_api_client"
        if self.consumer is not None:
            app = f"application {self.consumer.app}" if self.consumer.app else ""
            return app or self.consumer.url or "points_consumer"
        return self.base_url or f"embedded simulator (dialect {self.dialect})"


def read_settings(
    option: Option,
    environment: Mapping[str, str],
    subject: Subject,
    *,
    command: bool = False,
) -> Settings:
    """Check every option before anything is sent. Raises :class:`SettingsError`."""
    try:
        settings = _common(option, environment, subject)
        settings.rules  # noqa: B018 - an unknown pattern is wrong usage
        own: Settings = part(SUBJECTS[subject].settings)(option, settings, command=command)
    except (CatalogueError, KnownError, TargetRefused, OrdersFileError, WrongOption) as error:
        raise SettingsError(str(error)) from None
    return own


def _common(option: Option, environment: Mapping[str, str], subject: Subject) -> Settings:
    """What runs of all subjects are asked for."""
    return Settings(
        subject=subject,
        profile=_profile(option("profile")),
        seed=_seed(option("seed")),
        select=_patterns(option("select")),
        deselect=_patterns(option("deselect")),
        known=_known(option("known_failures")),
        known_file=_path(option("known_failures")),
        strict=bool(option("strict")),
        side_by_side=_at_once(option("side_by_side")),
        report_dir=_path(option("report_dir")),
        dry_run=bool(option("dry_run")),
        environment=dict(environment),
    )


def of_a_client(option: Option, settings: Settings, *, command: bool) -> Settings:
    """What only the judging of a client is asked for."""
    return replace(settings, client=read_client(option, settings.environment, command=command))


def of_a_consumer(option: Option, settings: Settings, *, command: bool) -> Settings:
    """What only the judging of a consumer is asked for."""
    consumer = read_consumer(option, settings.environment, command=command)
    return replace(settings, consumer=consumer, replay=_path(option("replay")))


def of_a_server(option: Option, settings: Settings, *, command: bool) -> Settings:
    """What only the judging of a server is asked for."""
    settings = replace(
        settings,
        base_url=_base_url(option("base_url"), bool(option("allow_production"))),
        orders=_path(option("orders")),
        dialect=_dialect(option("dialect")),
        rate=_positive("rate", option("rate")),
        allow_production=bool(option("allow_production")),
        webhook_listen=option("webhook_listen") or "",
        webhook_url=option("webhook_url") or "",
        webhook_grace=_positive("webhook-grace", option("webhook_grace")),
        webhook_retry_within=_positive("webhook-retry-within", option("webhook_retry_within")),
    )
    if settings.orders:
        load_orders(settings.orders)
    _fit_together(settings)
    return settings


def with_base_url(settings: Settings, url: str) -> Settings:
    """The settings for another server. Raises :class:`SettingsError`."""
    try:
        base_url = checked_base_url(url, allow_production=settings.allow_production)
    except TargetRefused as error:
        raise SettingsError(str(error)) from None
    settings = replace(settings, base_url=base_url)
    _fit_together(settings)
    return settings


def _fit_together(settings: Settings) -> None:
    if settings.base_url and not settings.environment.get("POINTS_API_KEY"):
        raise SettingsError(
            f"no key for {settings.base_url}: set POINTS_API_KEY in the environment"
        )
    for name in SECRETS if settings.base_url else ():
        value = settings.environment.get(name, "")
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            raise SettingsError(
                f"{name} holds what no HTTP header can carry (a line's end, a blank at an end, or "
                "a letter that is not ASCII): set it to the key alone"
            )
    if settings.base_url and settings.dialect != "default":
        raise SettingsError("--dialect is the embedded simulator's: leave out --base-url")
    if settings.orders and not settings.base_url:
        raise SettingsError("--orders names orders of a live target: give --base-url as well")
    _can_listen(settings)


def _can_listen(settings: Settings) -> None:
    if settings.webhook_url and not settings.webhook_listen:
        raise SettingsError("--webhook-url is where a listener is: give --webhook-listen as well")
    if not settings.webhook_listen:
        return
    if settings.base_url is None and settings.subject is Subject.API:
        raise SettingsError(
            "--webhook-listen is for a server that sends webhooks: give --base-url as well (the "
            "embedded simulator has an inbox of its own)"
        )
    # Here, for a listener takes a server to import.
    from points_conformance.targets.api.live_inbox import (
        ListenError,
        check_public_url,
        parse_listen,
    )

    try:
        address = parse_listen(settings.webhook_listen)
        if settings.base_url:
            check_public_url(address, settings.webhook_url, near=settings.on_loopback)
    except ListenError as error:
        raise SettingsError(str(error)) from None


def _profile(value: Any) -> Profile:
    try:
        return Profile(value or "standard")
    except ValueError:
        raise SettingsError(f"no profile {value!r}; one of {', '.join(Profile)}") from None


def _seed(value: Any) -> int:
    if value in (None, ""):
        return 0
    if value == "random":
        return random.SystemRandom().randrange(2**32)
    try:
        return int(value)
    except ValueError:
        raise SettingsError(f"the seed {value!r} is no whole number and not random") from None


def _at_once(value: Any) -> int | None:
    if value in (None, ""):
        return None
    if not str(value).isascii() or not str(value).isdigit() or not 0 < int(value) <= MOST_AT_ONCE:
        raise SettingsError(f"--side-by-side must be a whole number from 1 to {MOST_AT_ONCE}")
    return int(value)


def _patterns(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) and value else tuple(value or ())


def _short(number: float | None) -> str:
    return "" if number is None else f"{number:g}"


def _path(value: Any) -> Path | None:
    return Path(value) if value else None


def _known(value: Any) -> KnownFailures | None:
    if not value:
        return None
    return load_known(Path(value), [rule for subject in Subject for rule in catalogue(subject)])


def _base_url(value: Any, allow_production: bool) -> str | None:
    if not value or value == SIMULATOR:
        return None
    return checked_base_url(str(value), allow_production=allow_production)


def _dialect(value: Any) -> str:
    name = value or "default"
    if name not in DIALECTS:
        raise SettingsError(f"no dialect {name!r}; one of {', '.join(DIALECTS)}")
    return str(name)


def _positive(name: str, value: Any) -> float | None:
    if value in (None, ""):
        return None
    try:
        number = float(value)
    except ValueError:
        raise SettingsError(f"--{name} {value!r} is no number") from None
    if not number > 0 or number == float("inf"):
        raise SettingsError(f"--{name} must be above 0")
    return number
