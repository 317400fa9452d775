"""Where a judging tells how far it is: a terminal with a line that changes, or plain lines.

What is written goes to the standard output as it was before the test framework took it, in a file
of its own. A screen that cannot be written to any more is silent: no verdict hangs on it.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

import pytest

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

__all__ = ["LiveLine", "PlainLines", "Screen", "Silent", "screen_for", "screen_of"]

#: Seconds between two plain lines.
EVERY: Final = 10.0
#: Beside other output, the live line is for who has waited so long.
_AFTER: Final = 1.0
Column = Callable[[], int]


class Screen(Protocol):
    """Takes lines, and how far it is. Called by one thread at a time."""

    #: Whether it wants to be shown how far it is.
    ticks: bool

    def enter(self, now: float) -> None:
        """From now on nobody else writes."""
        ...

    def say(self, lines: Iterable[str]) -> None:
        """Lines that stay."""
        ...

    def show(self, standing: Callable[[], object], now: float) -> None:
        """How far it is, if it is time to show that."""
        ...

    def leave(self) -> None:
        """Others may write again."""
        ...

    def close(self) -> None:
        """Nothing more is said."""
        ...


class Silent:
    """Says nothing."""

    ticks = False

    def enter(self, now: float) -> None:
        """Nothing."""

    def say(self, lines: Iterable[str]) -> None:
        """Nothing."""

    def show(self, standing: Callable[[], object], now: float) -> None:
        """Nothing."""

    def leave(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class PlainLines:
    """A line every ten seconds, without any control character.

    ``column`` is where the others have left the line, in characters; ``anew`` tells them that a
    new line was begun, and says what is to stand on it.
    """

    ticks = True

    def __init__(
        self, file: IO[str], column: Column = lambda: 0, anew: Callable[[], str] = str
    ) -> None:
        self._file, self._column, self._anew = file, column, anew
        self._torn = False
        self._last: float | None = None

    def enter(self, now: float) -> None:
        """The ten seconds begin with the first wait."""
        self._torn = self._column() > 0
        self._last = now if self._last is None else self._last

    def say(self, lines: Iterable[str]) -> None:
        """Each on a line of its own."""
        with _as_far_as_it_goes():
            if self._torn:
                self._file.write("\n")
            for line in lines:
                self._file.write(f"{line}\n")
            if self._torn:
                text = self._anew()
                self._file.write(text)
                self._torn = bool(text)
            self._file.flush()

    def show(self, standing: Callable[[], object], now: float) -> None:
        """Every ten seconds."""
        if self._last is not None and now - self._last >= EVERY:
            self._last = now
            self.say([str(standing())])

    def leave(self) -> None:
        """Each line is ended already."""

    def close(self) -> None:
        """The file is done with."""
        with _as_far_as_it_goes():
            self._file.close()


class LiveLine(PlainLines):
    """A line that changes in its place, below what was said, and is gone in the end.

    ``alone``: nobody else writes until it is closed, so that it stays from one wait to the next.
    """

    def __init__(
        self,
        file: IO[str],
        column: Column = lambda: 0,
        anew: Callable[[], str] = str,
        *,
        alone: bool = False,
    ) -> None:
        super().__init__(file, column, anew)
        self._alone = alone
        self._live: Live | None = None
        self._since = 0.0
        self._back = 0

    def enter(self, now: float) -> None:
        """Somebody waits from now on."""
        super().enter(now)
        self._since = now

    def say(self, lines: Iterable[str]) -> None:
        """Above the live line, which comes again with the next look."""
        self._erase()
        super().say(lines)

    def show(self, standing: Callable[[], object], now: float) -> None:
        """At every look."""
        if not self._alone and now - self._since < _AFTER:
            return
        from rich.text import Text

        with _as_far_as_it_goes():
            live = self._live or self._drawn()
            live.console.width = _columns(self._file)
            text = Text(str(standing()), no_wrap=True, overflow="ellipsis")
            live.update(text, refresh=True)

    def leave(self) -> None:
        """Others find the line as they left it."""
        if not self._alone:
            self._erase()

    def close(self) -> None:
        """Nothing of it is left."""
        self._erase()
        super().close()

    def _drawn(self) -> "Live":
        from rich.live import Live

        if self._torn:
            self._back = self._column()
            self._file.write("\n")
        self._live = Live(
            console=_console(self._file),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        return self._live

    def _erase(self) -> None:
        live, self._live = self._live, None
        if live is None:
            return
        with _as_far_as_it_goes():
            live.stop()
            if self._back:
                self._file.write(f"\x1b[1A\x1b[{self._back}C")
                self._back = 0
            self._file.flush()


def _console(file: IO[str]) -> "Console":
    from rich.console import Console

    class Steady(Console):
        """Never hides the cursor: where the process is killed, it would stay hidden."""

        def show_cursor(self, show: bool = True) -> bool:
            """Leave it as it is."""
            return False

    return Steady(file=file, force_terminal=True, color_system=None, highlight=False)


def _columns(file: IO[str]) -> int:
    try:
        return os.get_terminal_size(file.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


@contextlib.contextmanager
def _as_far_as_it_goes() -> Iterator[None]:
    """A pipe whose reader is gone, a terminal that hung up."""
    with contextlib.suppress(OSError, ValueError):
        yield


# ---------------------------------------------------------------------- which one
def screen_of(config: pytest.Config, *, alone: bool) -> Screen:
    """The screen of a pytest run; nothing is said with ``-q`` (of the command's user, where it is
    ``alone``), by a worker, or without pytest's terminal. To be made while no test runs.
    """
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    quiet = config.option.verbose < (-1 if alone else 0)  # the command itself says -q
    if reporter is None or quiet or hasattr(config, "workerinput"):
        return Silent()
    writer: Any = getattr(reporter, "_tw", None)

    def anew() -> str:
        """With ``-v`` the name of the test, whose verdict follows. Else letters go on: what pytest
        counts of its line is mended, so that its percentages stand where they do.
        """
        line: str = getattr(writer, "_current_line", "")
        if config.option.verbose <= 0 and line:
            writer._current_line = line = ""
        return line

    return screen_for(
        sys.stdout,
        os.environ,
        column=lambda: getattr(writer, "width_of_current_line", 0),
        anew=anew,
        alone=alone,
        crowded=config.option.capture == "no",
    )


def screen_for(
    out: IO[str] | None,
    environment: Mapping[str, str],
    *,
    column: Column = lambda: 0,
    anew: Callable[[], str] = str,
    alone: bool = False,
    crowded: bool = False,
) -> Screen:
    """The screen that an output allows: a live line on a terminal, unless ``NO_COLOR`` or ``TERM``
    says otherwise, or it is ``crowded`` by what tests print; plain lines where it is a file or a
    pipe; silence where it is neither.
    """
    file = _file_of_its_own(out)
    if file is None:
        return Silent()
    if file.isatty() and _moves(environment) and not crowded:
        return LiveLine(file, column, anew, alone=alone)
    return PlainLines(file, column, anew)


def _moves(environment: Mapping[str, str]) -> bool:
    """Whether a terminal may be told to move its cursor."""
    dumb = environment.get("TERM", "").lower() in ("dumb", "unknown")
    return not (dumb or environment.get("NO_COLOR"))


def _file_of_its_own(out: IO[str] | None) -> IO[str] | None:
    if out is None:
        return None
    try:
        out.flush()
        number = os.dup(out.fileno())
    except (AttributeError, OSError, ValueError):
        return None
    encoding = getattr(out, "encoding", None) or "utf-8"
    return open(number, "w", encoding=encoding, errors="backslashreplace")
