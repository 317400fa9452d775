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


@seed.on(SampleClient.told, "ignores-retry-after", "waits-as-told", "waits-until-date")
def ignores_retry_after(client: SampleClient, answer: httpx.Response) -> float:
    """`Retry-After` is not looked at."""
    # Its own back-off is enough.
    return 0.0


@seed.on(
    SampleClient.told, "reads-retry-after-as-milliseconds", "waits-as-told", "waits-until-date"
)
def reads_retry_after_as_milliseconds(client: SampleClient, answer: httpx.Response) -> float:
    """`Retry-After` is taken for milliseconds."""
    # 2 is two thousandths of a second.
    return SampleClient.told(client, answer) / 1000


@seed.on(SampleClient.told, "knows-no-date-in-retry-after", "waits-until-date")
def knows_no_date_in_retry_after(client: SampleClient, answer: httpx.Response) -> float:
    """`Retry-After` is read where it is a number alone."""
    # A date is not waited for.
    number = answer.headers.get("retry-after", "").isdecimal()
    return SampleClient.told(client, answer) if number else 0.0


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


@seed.on(
    _ForEver.may_repeat,
    "retries-5xx-for-ever",
    "errors-bounded",
    "error-after-commit",
    "too-many-bounded",
    "waits-as-told",
    "waits-until-date",
)
def retries_5xx_for_ever(client: _ForEver, answer: Answer) -> bool:
    """A call that was answered with 503 is sent again until it is not."""
    # ``while response.status_code == 503``.
    busy = isinstance(answer, httpx.Response) and answer.status_code == 503
    return busy or _ForEver.may_repeat(client, answer)


@seed("waits-as-long-as-told", "long-wait-ends")
class WaitsAsLongAsTold(SampleClient):
    """Told to come back in ten minutes, it waits for them in the middle of a checkout."""

    longest_wait = 3600.0


@seed.on(SampleClient.may_repeat, "retries-refusals", "no-retry-after-refusal")
def retries_refusals(client: SampleClient, answer: Answer) -> bool:
    """A call that was refused with 400 is sent again, a few times."""
    # Perhaps it helps.
    refused = isinstance(answer, httpx.Response) and answer.status_code == 400
    return refused or SampleClient.may_repeat(client, answer)


@seed.on(
    _ForEver.may_repeat,
    "waits-for-a-key",
    "changed-key",
    "no-retry-after-refusal",
    "too-many-bounded",
    "waits-as-told",
    "waits-until-date",
)
def waits_for_a_key(client: _ForEver, answer: Answer) -> bool:
    """A call that was refused with 400 is sent again until somebody mends the key."""
    # 400 is a bad key, or so it says somewhere.
    refused = isinstance(answer, httpx.Response) and answer.status_code == 400
    return refused or _ForEver.may_repeat(client, answer)


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
