"""A consumer that is crashed and started anew, by a command of the user's."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Final

import httpx

from points_conformance.judging.finding import Denied
from points_conformance.targets.consumer.http import exchanged

__all__ = ["RestartCommand", "until_it_answers"]

#: Seconds that the command may take, and again as many until the consumer answers.
_SECONDS: Final = 60.0
#: Of what it prints so much is told where it fails.
_LAST_WORDS: Final = 400
#: Seconds between two looks whether it is back, and what a gateway answers until then.
_LOOK: Final = 0.1
_NOBODY: Final = frozenset({502, 503, 504})
#: Seconds for a connection to be made, and for its end to come after a crash.
_CONNECTING: Final = 2.0


class RestartCommand:
    """Ends the consumer at once and starts it again; a call returns when the command does.

    Raises :class:`Denied` where it cannot be run, takes too long, or says that it failed.
    ``outlived``: a connection to ``url`` was open over the first crash. Who had it was not ended: a
    proxy, or the consumer, and a crash that ends nothing passes every rule.
    """

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], url: str | None = None
    ) -> None:
        self._words = list(words)
        self._environment = dict(environment)
        self._url = url
        self.outlived = False

    def __call__(self) -> None:
        """Run it. What it starts lives on, beside this process and after it."""
        # The first time alone: of a consumer that does one thing at a time it holds up the rest,
        # and later crashes come upon deliveries.
        url, self._url = self._url, None
        connection = _connected(url) if url else None
        if connection is None:
            self._run()
            return
        with connection:
            self._run()
            self.outlived = _is_open(connection)

    def _run(self) -> None:
        # A file and no pipe: the consumer keeps its end of that for as long as it lives.
        with tempfile.TemporaryFile() as printed:
            try:
                status = subprocess.run(  # noqa: S603 - running the user's command is the purpose
                    self._words,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    timeout=_SECONDS,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                raise Denied(
                    f"--restart-command did not return within {_SECONDS:.0f} s: let it "
                    "start the consumer in the background"
                ) from None
            except OSError as error:
                raise Denied(f"--restart-command could not be run: {error.strerror}") from None
            if status:
                printed.seek(0)
                said = printed.read().decode("utf-8", "replace").strip()[-_LAST_WORDS:]
                raise Denied(f"--restart-command ended with status {status}: {said or 'no word'}")


def _connected(url: str) -> socket.socket | None:
    """A connection to whoever listens there."""
    at = httpx.URL(url)
    try:
        return socket.create_connection(
            (at.host, at.port or (443 if at.scheme == "https" else 80)), _CONNECTING
        )
    except OSError:
        return None


def _is_open(connection: socket.socket) -> bool:
    """Whether it goes on: the end of the process that has it would have closed it."""
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def until_it_answers(client: httpx.Client, url: str, timeout: float) -> None:
    """Wait until a GET of the URL is answered, whatever with but for a gateway's "nobody is there".

    Raises :class:`Denied` where that takes too long.
    """
    until = time.monotonic() + _SECONDS
    while not _answers(client, url, timeout):
        if time.monotonic() > until:
            raise Denied(f"{url} does not answer {_SECONDS:.0f} s after --restart-command")
        time.sleep(_LOOK)


def _answers(client: httpx.Client, url: str, timeout: float) -> bool:
    try:
        answer = exchanged(client, client.build_request("GET", url), timeout)
    except httpx.HTTPError:
        return False
    return answer.status_code not in _NOBODY
