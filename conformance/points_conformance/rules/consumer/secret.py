"""``consumer.*``: who may tell a consumer anything."""

from collections.abc import Callable, Mapping
from typing import Final

from points_conformance.contract.limits import EVENT_HEADER, SECRET_HEADER
from points_conformance.contract.needs import Need
from points_conformance.judging.finding import NotExercised
from points_conformance.judging.rule import Level, Profile, inferred
from points_conformance.rules.consumer.family import family
from points_conformance.rules.consumer.telling import (
    APPROVED,
    HEADERS,
    SECURITY,
    broken,
    ends_right,
    insisting,
)
from points_conformance.targets.consumer.target import ConsumerTarget

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
SMOKE: Final = Profile.SMOKE
_KNOWN: Final = "consumer.acknowledges-refunded"
rule = family(SECURITY, after=_KNOWN, calls=8)

#: How a secret can be wrong.
_WRONG: Final[Mapping[str, Callable[[str], str | None]]] = {
    "another": lambda secret: "0" * len(secret),
    "none": lambda secret: None,
    "an empty one": lambda secret: "",
    "a truncated one": lambda secret: secret[:-1],
    "a lengthened one": lambda secret: f"{secret}-x",
    "one in the other case": lambda secret: secret.swapcase(),
}


def _refused(consumer: ConsumerTarget, how: str) -> None:
    """A refund with such a secret is refused with 401 or 403."""
    wrong = _WRONG[how](consumer.secret)
    if wrong == consumer.secret:
        raise NotExercised(
            "the secret has no letters: take one with letters", lacks="a secret with letters"
        )
    case = consumer.order()
    consumer.deliver(case.approved())
    told = insisting(consumer, case.refund(), headers={SECRET_HEADER: wrong})
    if told.status not in (401, 403):
        raise broken(
            consumer,
            "a wrong secret is not refused",
            expected=f"401 or 403 for {how}",
            got=str(told),
            exchanges=[told.exchange],
        )


@rule("consumer.secret-wrong", SHOULD, profile=SMOKE)
def another_secret_is_refused(consumer: ConsumerTarget) -> None:
    """A delivery with another secret SHOULD be refused with 401 or 403."""
    _refused(consumer, "another")


@rule("consumer.secret-missing", SHOULD, profile=SMOKE)
def no_secret_is_refused(consumer: ConsumerTarget) -> None:
    """A delivery without a secret SHOULD be refused with 401 or 403."""
    _refused(consumer, "none")


@rule("consumer.secret-empty", SHOULD)
def an_empty_secret_is_refused(consumer: ConsumerTarget) -> None:
    """A delivery with an empty secret SHOULD be refused with 401 or 403."""
    _refused(consumer, "an empty one")


@rule("consumer.secret-truncated", SHOULD)
def a_truncated_secret_is_refused(consumer: ConsumerTarget) -> None:
    """A delivery with the beginning of the secret SHOULD be refused with 401 or 403."""
    _refused(consumer, "a truncated one")


@rule("consumer.secret-lengthened", SHOULD)
def a_lengthened_secret_is_refused(consumer: ConsumerTarget) -> None:
    """A delivery with the secret and more SHOULD be refused with 401 or 403."""
    _refused(consumer, "a lengthened one")


@rule("consumer.secret-other-case", SHOULD)
def a_secret_in_another_case_is_refused(consumer: ConsumerTarget) -> None:
    """A delivery with the secret's letters in the other case SHOULD be refused with 401 or 403."""
    _refused(consumer, "one in the other case")


@rule(
    "consumer.wrong-secret-no-effect",
    MUST,
    SECURITY,
    inferred("whoever does not know the secret may not move money"),
    after="consumer.full-refund",
    needs=Need.PROBE,
    profile=SMOKE,
    calls=40,
)
def a_wrong_secret_has_no_effect(consumer: ConsumerTarget) -> None:
    """A delivery with a wrong secret MUST have no effect, whatever it is answered."""
    consumer.probe()
    cases = []
    for alter in _WRONG.values():
        wrong = alter(consumer.secret)
        if wrong == consumer.secret:
            continue
        case = consumer.order()
        consumer.deliver(case.approved())
        consumer.send(case.refund(), headers={SECRET_HEADER: wrong})
        cases.append((case, APPROVED))
    ends_right(consumer, cases, "a delivery with a wrong secret takes effect")


@rule(
    "consumer.header-moves-no-money",
    MUST,
    HEADERS,
    inferred("the header equals the body's event: no payload says that money went back"),
    after="consumer.full-refund",
    needs=Need.PROBE,
    calls=20,
)
def a_header_alone_moves_no_money(consumer: ConsumerTarget) -> None:
    """A header that says `refunded`, `auto_refunded` or `cancelled` MUST NOT take effect where the
    body tells of `completed`.
    """
    consumer.probe()
    cases = []
    for event in ("refunded", "auto_refunded", "cancelled"):
        case = consumer.order()
        consumer.deliver(case.approved())
        insisting(consumer, case.tell("completed"), headers={EVENT_HEADER: event})
        cases.append((case, APPROVED))
    ends_right(consumer, cases, "a header takes effect that its body does not bear out")


@rule("consumer.header-and-body-disagree", SHOULD, HEADERS)
def a_header_of_another_event_is_refused(consumer: ConsumerTarget) -> None:
    """A delivery whose header names another event than its body SHOULD be refused."""
    case = consumer.order()
    consumer.deliver(case.approved())
    told = insisting(consumer, case.refund(2500), headers={EVENT_HEADER: "cancelled"})
    if told.accepted:
        raise broken(
            consumer,
            "header and body disagree",
            expected="a refusal",
            got=str(told),
            exchanges=[told.exchange],
        )
