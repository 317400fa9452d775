"""The inbox of a run: opened before the first call, registered after the look, always removed."""

from points_conformance.plugin.api.settings import ServerSettings
from points_conformance.plugin.settings import wrong_usage
from points_conformance.targets.api.live_inbox import (
    FAR_GRACE,
    NEAR_GRACE,
    NEAR_RETRY,
    ListenError,
    LiveInbox,
    parse_listen,
)
from points_conformance.targets.api.target import ApiTarget

__all__ = ["Listening", "opened_inbox"]


class Listening:
    """Where the run hears webhooks, if it does. Raises :class:`SettingsError` where it cannot."""

    def __init__(self, own: ServerSettings) -> None:
        self.inbox: LiveInbox | None = None
        self._registered = False
        if own.webhook_listen and own.url:
            self.inbox = opened_inbox(own)

    def register(self, target: ApiTarget) -> list[str]:
        """Have the server send events, once; what there is to say about it, in lines."""
        if self.inbox is None or self._registered:
            return []
        self._registered = True
        heard_by = self.inbox.register(target)
        if self.inbox.refused:
            return [f"no webhooks: {self.inbox.refused}"]
        lines = [f"webhooks are received at {target.redact(self.inbox.url())}"]
        if heard_by:
            lines.append("the events of this run are also told to these registered endpoints:")
        return [*lines, *(f"  {line}" for line in heard_by)]

    def close(self, target: ApiTarget) -> list[str]:
        """Remove what was registered and stop; what is left, in lines."""
        inbox, self.inbox = self.inbox, None
        return inbox.close(target) if inbox is not None else []


def opened_inbox(own: ServerSettings, kind: type[LiveInbox] = LiveInbox) -> LiveInbox:
    """An inbox that listens. Raises :class:`SettingsError`."""
    near = own.on_loopback
    with wrong_usage(ListenError):
        return kind(
            parse_listen(own.webhook_listen),
            public_url=own.webhook_url,
            grace=own.webhook_grace or (NEAR_GRACE if near else FAR_GRACE),
            retry_within=own.webhook_retry_within or (NEAR_RETRY if near else None),
            # Both on this machine, and no address of the user's between them: what does not come
            # was not sent.
            reachable=near and not own.webhook_url,
        )
