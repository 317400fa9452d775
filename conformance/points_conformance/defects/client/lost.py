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


@seed.on(SampleClient.write, "unreadable-is-sent-again", "truncated-answer", "error-after-commit")
def unreadable_is_sent_again(client: SampleClient, work: Work) -> Answer:
    """A call whose answer is no JSON is sent again."""
    # Once more.
    answer = SampleClient.write(client, work)
    if isinstance(answer, httpx.Response) and client.parsed(answer) is None:
        return SampleClient.write(client, work)
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


@seed.on(SampleClient.write, "says-refused-after-a-lost-cancel", "lost-cancel-answer")
def says_refused_after_a_lost_cancel(client: SampleClient, work: Work) -> Answer:
    """A cancel is sent again where its answer was lost, and 400 taken for a refusal."""
    # A cancel can do no harm twice.
    answer = SampleClient.write(client, work)
    if work.operation == "cancel" and isinstance(answer, httpx.RequestError):
        return SampleClient.write(client, work)
    return answer


@seed.on(
    SampleClient.lost,
    "assumes-done-on-trouble",
    "lost-request",
    "connection-refused",
    "hanging-ends",
    "untrusted-certificate",
)
def assumes_done_on_trouble(client: SampleClient, error: httpx.RequestError) -> ClientOutcome:
    """Once it was sent, it is taken for done."""
    # Mostly it is.
    return DONE


@seed.on(SampleClient.lost, "timeout-is-refused", "late-commit", "hanging-answer", "slow-answer")
def timeout_is_refused(client: SampleClient, error: httpx.RequestError) -> ClientOutcome:
    """What was not answered in time is taken for not carried out."""
    # The customer is told that the refund was refused.
    return REFUSED if isinstance(error, httpx.TimeoutException) else UNKNOWN


@seed.on(
    SampleClient.lost,
    "broken-is-refused",
    "lost-full-answer",
    "lost-partial-answer",
    "lost-cancel-answer",
    "hanging-answer",
    "late-commit",
    "slow-answer",
    "unknown-status",
)
def broken_is_refused(client: SampleClient, error: httpx.RequestError) -> ClientOutcome:
    """What was not answered at all is taken for not carried out."""
    # Whatever the trouble.
    return REFUSED


@seed.on(SampleClient.failed, "error-is-refused", "error-after-commit")
def error_is_refused(client: SampleClient, answer: httpx.Response) -> ClientOutcome:
    """5xx is taken for not carried out."""
    # ``not response.ok``.
    return REFUSED if answer.is_error else UNKNOWN


@seed.on(SampleClient.failed, "gateway-timeout-is-done", "error-before-commit", "turned-away")
def gateway_timeout_is_done(client: SampleClient, answer: httpx.Response) -> ClientOutcome:
    """502, 503 and 504 are taken for an answer that is late, and the call for done."""
    # The gateway lost it, surely.
    return DONE if answer.status_code in (502, 503, 504) else SampleClient.failed(client, answer)


@seed.on(
    SampleClient.meaning,
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
def any_answer_is_done(client: SampleClient, work: Work, answer: Answer) -> ClientOutcome:
    """That something was answered is taken for done."""
    # The status is not looked at.
    return DONE if isinstance(answer, httpx.Response) else UNKNOWN


@seed("no-timeout", "hanging-ends")
class NoTimeout(SampleClient):
    """An answer is waited for without end."""

    timeout = None


@seed.on(SampleClient.lost, "crashes-without-a-connection", "tells-its-outcome")
def crashes_without_a_connection(client: SampleClient, error: httpx.RequestError) -> ClientOutcome:
    """That no connection comes about ends it with an error of its own."""
    # Nobody thought of it.
    if isinstance(error, httpx.ConnectError):
        raise RuntimeError("there is no connection")
    return SampleClient.lost(client, error)


@seed.on(SampleClient.lost, "queued-is-done", "connection-refused", "untrusted-certificate")
def queued_is_done(client: SampleClient, error: httpx.RequestError) -> ClientOutcome:
    """What could not be sent is kept for later and taken for done."""
    # Later never comes.
    return DONE if isinstance(error, httpx.ConnectError) else SampleClient.lost(client, error)


# ---------------------------------------------------------------------- reads, and still goes wrong
@seed.on(
    ReconcilingClient.concluded,
    "reads-but-ignores",
    "lost-partial-answer",
    "error-after-commit",
    "hanging-answer",
    "slow-answer",
    "truncated-answer",
    "unknown-status",
)
def reads_but_ignores(
    client: ReconcilingClient, work: Work, before: str | None, answer: Answer
) -> ClientOutcome | None:
    """The order is read where an answer is unclear, and the call repeated whatever it says."""
    # For the log.
    client.read(work)
    return None


@seed.on(
    ReconcilingClient.concluded, "reads-what-it-knew", "lost-partial-answer", "error-after-commit"
)
def reads_what_it_knew(
    client: ReconcilingClient, work: Work, before: str | None, answer: Answer
) -> ClientOutcome | None:
    """The order is read once and kept, so that it never seems to change."""
    # From the cache.
    return UNKNOWN if before is None else client.unchanged(work, before, answer)


@seed.on(
    ReconcilingClient.concluded,
    "failed-read-is-no-change",
    "lost-answer-and-read",
    "unknown-status",
)
def failed_read_is_no_change(
    client: ReconcilingClient, work: Work, before: str | None, answer: Answer
) -> ClientOutcome | None:
    """A read that fails is taken for one that shows no change, and the refund is repeated."""
    # Not done, as far as it can see.
    if client.status_in(work, client.read(work)) is None:
        return None
    return ReconcilingClient.concluded(client, work, before, answer)


@seed.on(ReconcilingClient.unchanged, "guesses-second-partial-from-status", "lost-second-partial")
def guesses_second_partial_from_status(
    client: ReconcilingClient, work: Work, status: str, answer: Answer
) -> ClientOutcome | None:
    """`partially_refunded` is taken for the part just sent, though it may be of one before."""
    # It fits.
    return (
        DONE if status in work.goals else ReconcilingClient.unchanged(client, work, status, answer)
    )


@seed.on(ReconcilingClient.unchanged, "repeats-second-partial", "lost-second-partial")
def repeats_second_partial(
    client: ReconcilingClient, work: Work, status: str, answer: Answer
) -> ClientOutcome | None:
    """An order that looks as before is taken for untouched, also after an earlier part."""
    # The same status, so nothing happened.
    return None if client.has_ended(answer) else UNKNOWN


@seed.on(
    ReconcilingClient.unchanged, "reads-and-calls-it-refused", "late-commit", "lost-second-partial"
)
def reads_and_calls_it_refused(
    client: ReconcilingClient, work: Work, status: str, answer: Answer
) -> ClientOutcome | None:
    """An order that looks as before is taken for one whose refund was refused."""
    # It may yet come.
    return REFUSED
