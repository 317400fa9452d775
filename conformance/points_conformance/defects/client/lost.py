"""Clients that go wrong where an answer is lost, late or an error."""

from typing import Final

import httpx

from points_conformance.defects.client.defect import ClientDefect
from points_conformance.defects.client.sample import Answer, ReconcilingClient, SampleClient, Work
from points_conformance.defects.defect import Seeds
from points_conformance.targets.client.outcome import ClientOutcome

__all__ = ["seed"]

seed: Final = Seeds(ClientDefect)

DONE, REFUSED, UNKNOWN = ClientOutcome.DONE, ClientOutcome.REFUSED, ClientOutcome.UNKNOWN


# ---------------------------------------------------------------------- repeats blindly
class _RepeatsBlindly(SampleClient):
    """Repeats a call that may have been carried out, and says nothing of the first 400 after it."""

    attempts = 3

    repeated: tuple[type[httpx.RequestError], ...] = ()
    repeated_statuses: frozenset[int] = frozenset()

    def may_repeat(self, answer: Answer) -> bool:
        """A few more cases than there should be."""
        if isinstance(answer, httpx.Response) and answer.status_code in self.repeated_statuses:
            return True
        return isinstance(answer, self.repeated) or super().may_repeat(answer)


@seed("blind-retry-on-timeout", "hanging-answer", "slow-answer")
class BlindRetryOnTimeout(_RepeatsBlindly):
    """A call whose answer did not come in time is sent again."""

    repeated = (httpx.TimeoutException,)


@seed(
    "blind-retry-on-reset",
    "lost-partial-answer",
    "lost-cancel-answer",
    "lost-full-answer",
    "unknown-status",
)
class BlindRetryOnReset(_RepeatsBlindly):
    """A call whose connection broke is sent again."""

    repeated = (httpx.NetworkError, httpx.RemoteProtocolError)


@seed("blind-retry-on-5xx", "error-after-commit")
class BlindRetryOn5xx(_RepeatsBlindly):
    """A call that was answered with 5xx is sent again, as the usual settings have it."""

    repeated_statuses = frozenset({500, 502, 503, 504})


@seed(
    "blind-retry-on-trouble",
    "lost-partial-answer",
    "hanging-answer",
    "error-after-commit",
    "lost-cancel-answer",
    "lost-full-answer",
    "slow-answer",
    "unknown-status",
)
class BlindRetryOnTrouble(_RepeatsBlindly):
    """Whatever is no answer of the API's own is sent again: timeouts, broken connections, 5xx."""

    repeated = (httpx.TransportError,)
    repeated_statuses = frozenset({500, 502, 503, 504})


@seed("impatient", "slow-answer", "hanging-answer")
class Impatient(_RepeatsBlindly):
    """A call that was not answered within a second is sent once more."""

    timeout = 1.0
    attempts = 2
    repeated = (httpx.TimeoutException,)


@seed("unreadable-is-sent-again", "truncated-answer", "error-after-commit")
class UnreadableIsSentAgain(SampleClient):
    """A call whose answer is no JSON is sent again."""

    def write(self, work: Work) -> Answer:
        """Once more."""
        answer = super().write(work)
        if isinstance(answer, httpx.Response) and self.parsed(answer) is None:
            return super().write(work)
        return answer


# ---------------------------------------------------------------------- says what it cannot know
class _RepeatsWhatCannotHappenTwice(_RepeatsBlindly):
    """Repeats cancels and full refunds alone, of which the API refuses the second."""

    repeated = (httpx.TransportError,)
    repeated_statuses = frozenset({500, 502, 503, 504})

    def operate(self, work: Work) -> ClientOutcome:
        """A part is sent once."""
        self.attempts = 4 if work.amount is None else 1
        return super().operate(work)


@seed(
    "says-refused-after-its-own-first-attempt",
    "lost-full-answer",
    "lost-cancel-answer",
    "error-after-commit",
    "hanging-answer",
    "slow-answer",
)
class SaysRefusedAfterItsOwnFirstAttempt(_RepeatsWhatCannotHappenTwice):
    """A repeated cancel or full refund is refused, for the first was carried out: says refused."""


@seed("says-refused-after-a-lost-cancel", "lost-cancel-answer")
class SaysRefusedAfterALostCancel(SampleClient):
    """A cancel is sent again where its answer was lost, and 400 taken for a refusal."""

    def write(self, work: Work) -> Answer:
        """A cancel can do no harm twice."""
        answer = super().write(work)
        if work.operation == "cancel" and isinstance(answer, httpx.RequestError):
            return super().write(work)
        return answer


@seed(
    "assumes-done-on-trouble",
    "lost-request",
    "connection-refused",
    "hanging-ends",
    "untrusted-certificate",
)
class AssumesDoneOnTrouble(SampleClient):
    """Once it was sent, it is taken for done."""

    def lost(self, error: httpx.RequestError) -> ClientOutcome:
        """Mostly it is."""
        return DONE


@seed("timeout-is-refused", "late-commit", "hanging-answer", "slow-answer")
class TimeoutIsRefused(SampleClient):
    """What was not answered in time is taken for not carried out."""

    def lost(self, error: httpx.RequestError) -> ClientOutcome:
        """The customer is told that the refund was refused."""
        return REFUSED if isinstance(error, httpx.TimeoutException) else UNKNOWN


@seed(
    "broken-is-refused",
    "lost-full-answer",
    "lost-partial-answer",
    "lost-cancel-answer",
    "hanging-answer",
    "late-commit",
    "slow-answer",
    "unknown-status",
)
class BrokenIsRefused(SampleClient):
    """What was not answered at all is taken for not carried out."""

    def lost(self, error: httpx.RequestError) -> ClientOutcome:
        """Whatever the trouble."""
        return REFUSED


@seed("error-is-refused", "error-after-commit")
class ErrorIsRefused(SampleClient):
    """5xx is taken for not carried out."""

    def failed(self, answer: httpx.Response) -> ClientOutcome:
        """``not response.ok``."""
        return REFUSED if answer.is_error else UNKNOWN


@seed("gateway-timeout-is-done", "error-before-commit", "turned-away")
class GatewayTimeoutIsDone(SampleClient):
    """502, 503 and 504 are taken for an answer that is late, and the call for done."""

    def failed(self, answer: httpx.Response) -> ClientOutcome:
        """The gateway lost it, surely."""
        return DONE if answer.status_code in (502, 503, 504) else super().failed(answer)


@seed(
    "any-answer-is-done",
    "error-before-commit",
    "refused-is-refused",
    "changed-key",
    "html-answer",
    "invalid-is-refused",
    "no-order",
    "not-found-is-refused",
    "redirect-is-not-done",
    "status-false",
    "turned-away",
    "truncated-answer",
    "unchanged-order",
    "unknown-status",
)
class AnyAnswerIsDone(SampleClient):
    """That something was answered is taken for done."""

    def meaning(self, work: Work, answer: Answer) -> ClientOutcome:
        """The status is not looked at."""
        return DONE if isinstance(answer, httpx.Response) else UNKNOWN


@seed("no-timeout", "hanging-ends")
class NoTimeout(SampleClient):
    """An answer is waited for without end."""

    timeout = None


@seed("crashes-without-a-connection", "tells-its-outcome")
class CrashesWithoutAConnection(SampleClient):
    """That no connection comes about ends it with an error of its own."""

    def lost(self, error: httpx.RequestError) -> ClientOutcome:
        """Nobody thought of it."""
        if isinstance(error, httpx.ConnectError):
            raise RuntimeError("there is no connection")
        return super().lost(error)


@seed("queued-is-done", "connection-refused", "untrusted-certificate")
class QueuedIsDone(SampleClient):
    """What could not be sent is kept for later and taken for done."""

    def lost(self, error: httpx.RequestError) -> ClientOutcome:
        """Later never comes."""
        return DONE if isinstance(error, httpx.ConnectError) else super().lost(error)


# ---------------------------------------------------------------------- reads, and still goes wrong
@seed(
    "reads-but-ignores",
    "lost-partial-answer",
    "error-after-commit",
    "hanging-answer",
    "slow-answer",
    "truncated-answer",
    "unknown-status",
)
class ReadsButIgnores(ReconcilingClient):
    """The order is read where an answer is unclear, and the call repeated whatever it says."""

    def settled(self, work: Work, before: str | None, answer: Answer) -> ClientOutcome | None:
        """For the log."""
        self.read(work)
        return None


@seed("reads-what-it-knew", "lost-partial-answer", "error-after-commit")
class ReadsWhatItKnew(ReconcilingClient):
    """The order is read once and kept, so that it never seems to change."""

    def settled(self, work: Work, before: str | None, answer: Answer) -> ClientOutcome | None:
        """From the cache."""
        return UNKNOWN if before is None else self.unchanged(work, before, answer)


@seed("failed-read-is-no-change", "lost-answer-and-read", "unknown-status")
class FailedReadIsNoChange(ReconcilingClient):
    """A read that fails is taken for one that shows no change, and the refund is repeated."""

    def settled(self, work: Work, before: str | None, answer: Answer) -> ClientOutcome | None:
        """Not done, as far as it can see."""
        if self.status_in(work, self.read(work)) is None:
            return None
        return super().settled(work, before, answer)


@seed("guesses-second-partial-from-status", "lost-second-partial")
class GuessesSecondPartialFromStatus(ReconcilingClient):
    """`partially_refunded` is taken for the part just sent, though it may be of one before."""

    def unchanged(self, work: Work, status: str, answer: Answer) -> ClientOutcome | None:
        """It fits."""
        return DONE if status in work.goals else super().unchanged(work, status, answer)


@seed("repeats-second-partial", "lost-second-partial")
class RepeatsSecondPartial(ReconcilingClient):
    """An order that looks as before is taken for untouched, also after an earlier part."""

    def unchanged(self, work: Work, status: str, answer: Answer) -> ClientOutcome | None:
        """The same status, so nothing happened."""
        return None if self.has_ended(answer) else UNKNOWN


@seed("reads-and-calls-it-refused", "late-commit", "lost-second-partial")
class ReadsAndCallsItRefused(ReconcilingClient):
    """An order that looks as before is taken for one whose refund was refused."""

    def unchanged(self, work: Work, status: str, answer: Answer) -> ClientOutcome | None:
        """It may yet come."""
        return REFUSED
