"""One call at a time: paid, paced, recorded, redacted; what is nobody's answer told apart."""

import itertools
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial

import httpx

from points_conformance.contract.bounds import MOST_BYTES, MOST_DIGITS, MOST_SECONDS
from points_conformance.contract.limits import KEY_HEADER
from points_conformance.judging.budget import Budget, Pace
from points_conformance.judging.exchange import Exchange, Redactor
from points_conformance.judging.finding import Finding, NetworkTrouble, NotExercised
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.endpoints import without_secrets
from points_conformance.targets.fetch import TOO_MUCH, Fetched, fetch
from points_conformance.targets.viewed import Viewed

__all__ = ["CALL_TIMEOUT", "LONGEST_WAIT", "MADE_UP_KEYS", "MOST_RETRIES", "Caller", "Keys"]

#: Seconds until a call counts as unanswered.
CALL_TIMEOUT = MOST_SECONDS
#: After so many late answers in a row to one operation, or in all, it is not asked again: each
#: takes half a minute, and a run would not end in a day.
MOST_LATE = 3
MOST_LATE_IN_ALL = 10
#: The longest that a Retry-After is obeyed, in seconds, and how often.
LONGEST_WAIT = 60.0
MOST_RETRIES = 3
_GATEWAY = frozenset({502, 503, 504})
#: What calls accept where nothing else is said; evidence shows what differs from it.
_ACCEPT = "application/json"
#: Keys of nobody, which evidence may show.
MADE_UP_KEYS = ("", "sk_test_of_nobody")


@dataclass(frozen=True, slots=True)
class Keys:
    """The merchant's private key, and what else is known: a second merchant's, a public one."""

    private: str = field(repr=False)
    other: str | None = field(default=None, repr=False)
    public: str | None = None


class _Asked:
    """Whether the server may be called: what it asked for in this run, and how late it was."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        #: Until when the server asked not to be called.
        self._closed_until = 0.0
        #: Late answers of each operation since one came in time, and of all together.
        self._late: Counter[str] = Counter()
        self._late_in_all = 0
        self._lock = threading.Lock()

    def mind(self, method: str, path: str) -> None:
        """Call nobody who asked to be left alone, nor for ever who never ends an answer."""
        late = self._late[_operation(method, path)]
        if late >= MOST_LATE or self._late_in_all >= MOST_LATE_IN_ALL:
            raise NetworkTrouble(
                f"{method} {path} was not sent: {max(late, self._late_in_all)} answers before it "
                f"were not whole after {CALL_TIMEOUT:.0f} s"
            )
        left = self._closed_until - self._clock()
        if left > 0:
            raise NetworkTrouble(
                f"{method} {path} was not sent: the server asked to be left alone for another "
                f"{left:.0f} s (Retry-After)"
            )

    def close(self, seconds: float) -> None:
        """The server asked not to be called for so long."""
        self._closed_until = self._clock() + seconds

    def late(self, method: str, path: str) -> None:
        """An answer was not whole in time."""
        with self._lock:
            self._late[_operation(method, path)] += 1
            self._late_in_all += 1

    def in_time(self, method: str, path: str) -> None:
        """An answer was whole in time."""
        self._late.pop(_operation(method, path), None)


class Caller(Viewed):
    """Makes calls to one base URL. ``secrets`` are cut from whatever is recorded."""

    def __init__(
        self,
        *,
        base_url: str,
        client: httpx.Client,
        keys: Keys,
        budget: Budget | None = None,
        pace: Pace | None = None,
        deadline: float | None = None,
        secrets: Mapping[str, str | None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.base_url = base_url
        self.client = client
        self.keys = keys
        self.budget = budget or Budget()
        self.pace = pace or Pace(None, sleep=sleep, clock=clock)
        self.redact = Redactor(
            {
                "POINTS_API_KEY": keys.private,
                "POINTS_OTHER_API_KEY": keys.other,
                "POINTS_PUBLIC_KEY": keys.public,
                **(secrets or {}),
            }
        )
        self._deadline = deadline
        self._sleep = sleep
        self._door = _Asked(clock)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        #: The addresses of calls that are under way: made, and not recorded yet.
        self._under_way: Counter[str] = Counter()

    def is_asked(self, uuid: str) -> bool:
        """Whether a call about an order is under way."""
        with self._lock:
            return any(uuid.lower() in url.lower() for url in self._under_way)

    def exchanges_after(self, count: int) -> list[Exchange]:
        """Those of the run but for the first so many, while others add to them."""
        with self._lock:
            return self.whole.exchanges[count:]

    @contextmanager
    def _asking_for(self, url: str) -> Iterator[None]:
        with self._lock:
            self._under_way[url] += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[url] -= 1
                if not self._under_way[url]:
                    del self._under_way[url]

    def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call, recorded. ``key`` empty: the merchant's; ``None``: none at all.

        A redirect and a server error are findings wherever they come. A gateway's error and a
        dropped connection are :class:`NetworkTrouble`; only a GET is tried again. 429 is obeyed:
        the call was not carried out, so that any may be tried again.
        """
        for attempt in range(MOST_RETRIES + 1):
            last = attempt == MOST_RETRIES
            self._door.mind(method, path)
            try:
                answer = self._once(method, path, body, key, headers)
            except _Late:
                raise
            except NetworkTrouble:
                if method != "GET" or last:
                    raise
                continue
            if answer.status == 429:
                self.pace.hold(self._told_to_wait(answer, 1.0))
            elif answer.status in _GATEWAY and method == "GET" and not last:
                self._sleep(self._told_to_wait(answer, 0.2))
            else:
                return self._judged(answer)
        raise NetworkTrouble(f"{method} {path}: 429 to each of {MOST_RETRIES + 1} attempts")

    def _told_to_wait(self, answer: Answer, otherwise: float) -> float:
        """The seconds of ``Retry-After``; where that is too long, no call is made till then."""
        seconds = _retry_after(answer, otherwise)
        if seconds > LONGEST_WAIT:
            self._door.close(seconds)
            raise NetworkTrouble(
                f"the server asked to be left alone for {seconds:.0f} s (HTTP {answer.status})"
            )
        return seconds

    def call_raced(
        self, method: str, path: str, body: bytes | None, client: httpx.Client
    ) -> Answer:
        """One call of a race: no retry, no waiting, whatever the answer; on its own connection."""
        return self._once(method, path, body, "", None, client=client, paid=True)

    def _once(
        self,
        method: str,
        path: str,
        body: bytes | None,
        key: str | None,
        headers: Mapping[str, str] | None,
        *,
        client: httpx.Client | None = None,
        paid: bool = False,
    ) -> Answer:
        if not paid:
            self.budget.take()
            self.pace.wait()
        sent = {"Accept": _ACCEPT}
        if body is not None:
            sent["Content-Type"] = "application/json"
        if key is not None:
            sent[KEY_HEADER] = key or self.keys.private
        sent |= headers or {}
        url = self.base_url + path
        with self._asking_for(url):
            return self._answered(method, path, url, sent, body, client or self.client)

    def _answered(
        self,
        method: str,
        path: str,
        url: str,
        sent: Mapping[str, str],
        body: bytes | None,
        client: httpx.Client,
    ) -> Answer:
        started = time.perf_counter()
        try:
            response = fetch(
                client,
                method,
                url,
                content=body,
                headers=sent,
                seconds=self._deadline,
            )
        except httpx.InvalidURL as error:
            raise NotExercised(f"no URL can hold {path!r}") from error
        except UnicodeEncodeError:
            raise Finding(
                "a uuid that no URL can hold",
                expected="uuids of hexadecimal digits and hyphens",
                got=f"{path!r}",
            ) from None
        except httpx.HTTPError as error:
            self._record(method, url, sent, body, None, started, type(error).__name__)
            if self._is_late(started):
                self._door.late(method, path)
                raise _Late(
                    f"no whole answer to {method} {path} within {self._deadline:.0f} s"
                ) from error
            raise NetworkTrouble(
                f"the network lost {method} {path} ({type(error).__name__})"
            ) from error
        exchange = self._record(method, url, sent, body, response, started, "")
        self._door.in_time(method, path)
        if response.too_much:
            raise Finding(
                TOO_MUCH,
                expected=f"at most {MOST_BYTES} bytes after decompression",
                got=f"more, in answer to {method} {path}",
                exchanges=[exchange],
            )
        return Answer(exchange, response.status_code, response.headers, response.content)

    def _is_late(self, started: float) -> bool:
        return self._deadline is not None and time.perf_counter() - started >= self._deadline

    def _record(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        response: Fetched | None,
        started: float,
        error: str,
    ) -> Exchange:
        redact = self.redact
        numbered = partial(
            Exchange,
            method=method,
            url=redact(url),
            headers={
                name: self._label(value) if name.lower() == KEY_HEADER else redact(value)
                for name, value in headers.items()
                if (name, value) != ("Accept", _ACCEPT)
            },
            body=None if body is None else redact.cut(body.decode("utf-8", "backslashreplace")),
            status=response.status_code if response is not None else None,
            answer_headers=_shown(response, redact),
            answer=redact(without_secrets(url, _text(response))),
            at=started,
            seconds=time.perf_counter() - started,
            error=error,
            rule=self.rule,
        )
        with self._lock:
            # Numbered when it is kept: how many there are is then the number of the last.
            exchange = numbered(number=next(self._numbers))
            self.record(exchange)
        return exchange

    def _label(self, key: str) -> str:
        """A key as evidence shows it: never any part of a real one, altered ones included."""
        shown = self.redact(key)
        plain = shown.startswith("$") and shown[1:].isidentifier() and shown[1:].isupper()
        return shown if plain or shown in MADE_UP_KEYS else "(an altered key)"

    def _judged(self, answer: Answer) -> Answer:
        """An answer that says something about the rule; redirects and server errors never do."""
        if 300 <= answer.status < 400:
            raise Finding(
                "the API redirects",
                expected="an answer from the host that was asked",
                got=f"{answer.status} to {_location(answer)}",
            )
        if answer.status in _GATEWAY:
            raise NetworkTrouble(
                f"the network stood in the way: a gateway answered {answer.status}"
            )
        if answer.status >= 500:
            raise Finding(
                "server error", expected="an answer below 500", got=f"HTTP {answer.status}"
            )
        if answer.wrong_number:
            raise Finding(
                "a number that no program can take",
                expected=f"JSON with numbers of at most {MOST_DIGITS} digits",
                got=answer.wrong_number,
            )
        return answer


class _Late(NetworkTrouble):
    """An answer that was not whole in time: asking again would take as long again."""


def _operation(method: str, path: str) -> str:
    """The call without whatever order or endpoint it is about."""
    words = path.partition("?")[0].strip("/").split("/")
    return " ".join([method, words[0], *words[2:]])


def _location(answer: Answer) -> str:
    return answer.exchange.answer_headers.get("location", "nowhere")


def _shown(response: Fetched | None, redact: Redactor) -> dict[str, str]:
    if response is None:
        return {}
    shown = ("content-type", "location", "retry-after")
    return {name: redact(response.headers[name]) for name in shown if name in response.headers}


def _text(response: Fetched | None) -> str:
    return "" if response is None else response.content.decode("utf-8", "backslashreplace")


def _retry_after(answer: Answer, otherwise: float) -> float:
    """Seconds to wait: a number or a date, and at least a moment."""
    text = answer.headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            seconds = otherwise
    return otherwise if math.isnan(seconds) else max(seconds, 0.05)
