"""The options of subject ``client``, checked before anything is run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from points_conformance.plugin.settings import (
    Chosen,
    SettingsError,
    SubjectSettings,
    positive,
    words_of,
    wrong_usage,
)
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
    def plan_is_said(self) -> bool:
        """Always: how many cases run at once, and for how long at most."""
        return True

    @property
    def arguments(self) -> list[str]:
        """The options that it takes to judge the same client again."""
        return words_of(self, "command timeout")


def read(option: Chosen, environment: Mapping[str, str], *, command: bool) -> ClientSettings:
    """The options. Raises :class:`SettingsError`. Under pytest the client may be a fixture's."""
    options = ClientSettings(
        option("command") or "", positive("timeout", option("timeout"), most=600) or _TIMEOUT
    )
    if options.command:
        with wrong_usage(CommandError):
            CommandClients(options.command, environment)
    elif command:
        raise SettingsError(
            "no client: give --command CMD, what runs your client once per operation"
        )
    return options
