"""The options of subject ``client``, checked before anything is run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from points_conformance.plugin.settings import Chosen, SettingsError, SubjectSettings
from points_conformance.targets.client.runners import CommandClients, CommandError

__all__ = ["ClientSettings", "read"]

#: Clients commonly wait for 30 seconds.
_TIMEOUT: Final = 35.0


@dataclass(frozen=True, slots=True)
class ClientSettings(SubjectSettings):
    """``command`` is run once per operation, each at most ``timeout`` seconds."""

    command: str = ""
    timeout: float = _TIMEOUT

    @property
    def target(self) -> str:
        """What is judged, in words."""
        return f"command {self.command}" if self.command else "points_api_client"

    @property
    def arguments(self) -> list[str]:
        """The options that it takes to judge the same client again."""
        words = ["--command", self.command] if self.command else []
        return words + (["--timeout", f"{self.timeout:g}"] if self.timeout != _TIMEOUT else [])


def read(option: Chosen, environment: Mapping[str, str], *, command: bool) -> ClientSettings:
    """The options. Raises :class:`SettingsError`. Under pytest the client may be a fixture's."""
    options = ClientSettings(option("command") or "", _seconds(option("timeout")))
    if options.command:
        try:
            CommandClients(options.command, environment)
        except CommandError as error:
            raise SettingsError(str(error)) from None
    elif command:
        raise SettingsError(
            "no client: give --command CMD, what runs your client once per operation"
        )
    return options


def _seconds(value: Any) -> float:
    try:
        seconds = float(value) if value not in (None, "") else _TIMEOUT
    except ValueError:
        raise SettingsError(f"--timeout {value!r} is no number") from None
    if not 0 < seconds <= 600 or math.isnan(seconds):
        raise SettingsError("--timeout must be above 0 and at most 600 seconds")
    return seconds
