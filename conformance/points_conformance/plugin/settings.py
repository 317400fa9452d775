"""What a run was asked for: one table of options, used by the command and by pytest alike."""

import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, Self

from points_conformance.judging.catalogue import Catalogue, CatalogueError
from points_conformance.judging.known import KnownError, KnownFailures, load_known
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.share import Share
from points_conformance.subjects import Subject, catalogue, part

__all__ = [
    "Chosen",
    "Settings",
    "SettingsError",
    "SubjectSettings",
    "fits_a_header",
    "path_of",
    "positive",
    "read_settings",
    "words_of",
    "wrong_usage",
]

#: The value of an option by its name with underscores, ``None`` where unset.
Chosen = Callable[[str], Any]
#: The most rules at once: each has a thread and a connection.
MOST_AT_ONCE = 64


class SettingsError(ValueError):
    """Wrong usage. The text says what is wrong, where, and what to do, in a line or two."""


@contextmanager
def wrong_usage(*errors: type[Exception]) -> Iterator[None]:
    """Errors of others that are the user's to mend, as :class:`SettingsError`."""
    try:
        yield
    except errors as error:
        raise SettingsError(str(error)) from None


class SubjectSettings(Protocol):
    """What only the runs of one subject are asked for, and what every run asks of it.

    Read by a function ``(option, environment, *, command)``, which the table of subjects names and
    which raises :class:`SettingsError`. ``command``: no fixture can name the target.
    """

    @property
    def target(self) -> str:
        """What is judged, in words."""
        ...

    @property
    def arguments(self) -> list[str]:
        """The options beside the URL that it takes to judge the same target again."""
        ...

    @property
    def on_loopback(self) -> bool:
        """Whether the target is on this machine."""
        return True

    @property
    def url(self) -> str:
        """Where the target is, if a URL says so."""
        return ""

    def at(self, url: str, environment: Mapping[str, str]) -> Self:
        """The same for a target at another URL. Raises :class:`SettingsError`."""
        raise SettingsError(f"{url} cannot be judged: no URL names this target")

    @property
    def plan_is_said(self) -> bool:
        """Whether the run says beforehand what it will do at most."""
        return not self.on_loopback

    @property
    def listed(self) -> int:
        """How many orders it may use up were given by name."""
        return 0

    @property
    def used_up(self) -> list[str]:
        """What it takes, after a failure, before the same can be judged again, in lines."""
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A run's settings, checked; ``of`` are those of its subject alone."""

    subject: Subject
    of: SubjectSettings
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
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def catalogue(self) -> Catalogue:
        """The subject's rules."""
        return catalogue(self.subject)

    @property
    def rules(self) -> list[Rule]:
        """The rules that are selected."""
        return self.catalogue.select(
            self.profile, self.select, self.deselect, loopback=self.of.on_loopback
        )

    @property
    def share(self) -> Share:
        """What of the bounds on calls is this run's, where the command judges with many seeds."""
        return Share.of(self.environment)

    @property
    def scope(self) -> list[str]:
        """What the verdict is about, in words."""
        chosen = [f"selected {pattern}" for pattern in self.select] or ["all"]
        return chosen + [f"without {pattern}" for pattern in self.deselect]

    @property
    def arguments(self) -> list[str]:
        """The options beside the URL that it takes to judge the same target again, and to have the
        same said of it.
        """
        known = ["--known-failures", str(self.known_file)] if self.known_file else []
        return [*self.of.arguments, *known]

    def at(self, url: str) -> Self:
        """The settings for a target at another URL. Raises :class:`SettingsError`."""
        return replace(self, of=self.of.at(url, self.environment))


def read_settings(
    option: Chosen, environment: Mapping[str, str], subject: Subject, *, command: bool = False
) -> Settings:
    """Check every option before anything is sent. Raises :class:`SettingsError`."""
    with wrong_usage(CatalogueError, KnownError):
        settings = Settings(
            subject=subject,
            profile=_profile(option("profile")),
            seed=_seed(option("seed")),
            select=_patterns(option("select")),
            deselect=_patterns(option("deselect")),
            known=_known(option("known_failures")),
            known_file=path_of(option("known_failures")),
            strict=bool(option("strict")),
            side_by_side=_at_once(option("side_by_side")),
            report_dir=path_of(option("report_dir")),
            dry_run=bool(option("dry_run")),
            environment=dict(environment),
            of=part(subject.who.settings)(option, environment, command=command),
        )
        settings.rules  # noqa: B018 - an unknown pattern is wrong usage
    return settings


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
    if ".." in str(value):
        raise SettingsError(
            f"the seeds {value}: a run judges one; run once for each seed with a report folder of "
            "its own, and join these with points-conformance merge"
        )
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


def _known(value: Any) -> KnownFailures | None:
    if not value:
        return None
    return load_known(Path(value), [rule for subject in Subject for rule in catalogue(subject)])


def path_of(value: Any) -> Path | None:
    """The file or folder that an option names."""
    return Path(value) if value else None


def positive(name: str, value: Any, *, most: float = sys.float_info.max) -> float | None:
    """A number above 0, ``None`` where unset; one that has a ``most`` is in seconds."""
    if value in (None, ""):
        return None
    try:
        number = float(value)
    except ValueError:
        raise SettingsError(f"--{name} {value!r} is no number") from None
    if not 0 < number <= most:
        bound = f" and at most {most:g} seconds" if most < sys.float_info.max else ""
        raise SettingsError(f"--{name} must be above 0{bound}")
    return number


def fits_a_header(name: str, value: str, what: str) -> None:
    """A variable holds what can be sent. Raises :class:`SettingsError`, without the value."""
    if not (value.isascii() and value.isprintable() and value == value.strip()):
        raise SettingsError(
            f"{name} holds what no HTTP header can carry (a line's end, a blank at an end, or "
            f"a letter that is not ASCII): set it to the {what} alone"
        )


def words_of(own: Any, names: str) -> list[str]:
    """What is not so by default, as the options of these names (with underscores)."""
    words: list[str] = []
    for name in names.split():
        value, default = getattr(own, name), getattr(type(own)(), name)
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, Mapping):
            words += [word for row in value.items() for word in (option, "=".join(row))]
        elif value != default:
            text = f"{value:g}" if isinstance(value, float) else str(value)
            words += [option] if value is True else [option, text]
    return words
