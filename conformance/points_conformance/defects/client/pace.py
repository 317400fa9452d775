"""Clients that call too often, too fast, or not again."""

from typing import Final

import httpx

from points_conformance.defects.client.defect import ClientDefect
from points_conformance.defects.client.sample import Answer, SampleClient, Work
from points_conformance.defects.defect import Seeds

__all__ = ["seed"]

seed: Final = Seeds(ClientDefect)

#: Tries of a client that ends when somebody ends it: far more than anybody allows.
_FOR_EVER: Final = 25


@seed("ignores-retry-after", "waits-as-told", "waits-until-date")
class IgnoresRetryAfter(SampleClient):
    """`Retry-After` is not looked at."""

    def told(self, answer: httpx.Response) -> float:
        """Its own back-off is enough."""
        return 0.0


@seed("reads-retry-after-as-milliseconds", "waits-as-told", "waits-until-date")
class ReadsRetryAfterAsMilliseconds(SampleClient):
    """`Retry-After` is taken for milliseconds."""

    def told(self, answer: httpx.Response) -> float:
        """2 is two thousandths of a second."""
        return super().told(answer) / 1000


@seed("knows-no-date-in-retry-after", "waits-until-date")
class KnowsNoDateInRetryAfter(SampleClient):
    """`Retry-After` is read where it is a number alone."""

    def told(self, answer: httpx.Response) -> float:
        """A date is not waited for."""
        number = answer.headers.get("retry-after", "").isdecimal()
        return super().told(answer) if number else 0.0


@seed(
    "hammers-on-429",
    "no-hammering",
    "connection-refused",
    "ends-in-time",
    "waits-as-told",
    "waits-until-date",
)
class HammersOn429(SampleClient):
    """A call that was turned away with 429 is sent again at once."""

    attempts = 8

    def pause(self, answer: Answer, tries: int) -> float:
        """None."""
        return 0.0 if isinstance(answer, httpx.Response) else super().pause(answer, tries)


class _ForEver(SampleClient):
    """Repeats without end, at an even pace."""

    attempts = _FOR_EVER

    def pause(self, answer: Answer, tries: int) -> float:
        """Five calls a second."""
        return 0.2


@seed("retries-for-ever", "too-many-bounded", "waits-as-told", "waits-until-date")
class RetriesForEver(_ForEver):
    """A call that was turned away with 429 is sent again until it is let in."""


@seed(
    "retries-5xx-for-ever",
    "errors-bounded",
    "error-after-commit",
    "too-many-bounded",
    "waits-as-told",
    "waits-until-date",
)
class Retries5xxForEver(_ForEver):
    """A call that was answered with 503 is sent again until it is not."""

    def may_repeat(self, answer: Answer) -> bool:
        """``while response.status_code == 503``."""
        busy = isinstance(answer, httpx.Response) and answer.status_code == 503
        return busy or super().may_repeat(answer)


@seed("waits-as-long-as-told", "long-wait-ends")
class WaitsAsLongAsTold(SampleClient):
    """Told to come back in ten minutes, it waits for them in the middle of a checkout."""

    longest_wait = 3600.0


@seed("retries-refusals", "no-retry-after-refusal")
class RetriesRefusals(SampleClient):
    """A call that was refused with 400 is sent again, a few times."""

    def may_repeat(self, answer: Answer) -> bool:
        """Perhaps it helps."""
        refused = isinstance(answer, httpx.Response) and answer.status_code == 400
        return refused or super().may_repeat(answer)


@seed(
    "waits-for-a-key",
    "changed-key",
    "no-retry-after-refusal",
    "too-many-bounded",
    "waits-as-told",
    "waits-until-date",
)
class WaitsForAKey(_ForEver):
    """A call that was refused with 400 is sent again until somebody mends the key."""

    def may_repeat(self, answer: Answer) -> bool:
        """400 is a bad key, or so it says somewhere."""
        refused = isinstance(answer, httpx.Response) and answer.status_code == 400
        return refused or super().may_repeat(answer)


@seed("lets-others-repeat", "too-many-bounded", "no-hammering")
class LetsOthersRepeat(SampleClient):
    """Repeating is done on three floors, each with its own count."""

    attempts = 3

    def write(self, work: Work) -> Answer:
        """Three times three times three."""
        for _ in range(8):
            answer = super().write(work)
            if not self.may_repeat(answer):
                break
        return answer
