"""Before a consumer is judged: whether it answers, and whether its state can be read."""

from collections.abc import Sequence
from typing import Final

from points_conformance.contract.names import OrderStatus
from points_conformance.judging.finding import NetworkTrouble, NotExercised, Unjudgeable
from points_conformance.targets.consumer.probe import ConsumerState, Unreadable, wanted
from points_conformance.targets.consumer.shop import SECONDS_AGO, ShopOrder
from points_conformance.targets.consumer.target import SECRET, ConsumerTarget, Told

__all__ = ["calibrate", "look_first"]

#: So many times the settling time a consumer may not know of an order yet: until then nothing is
#: known of how long it takes.
_UNKNOWN_FOR: Final = 5
#: So many times as long as may be waited for an answer the first is: later than allowed is a matter
#: of a rule, and never is none.
_LATEST: Final = 2.5
#: In seconds, where a delivery may take less than documented: a machine may stand still as long.
_LATEST_AT_LEAST: Final = 5.0
#: When the stories of orders began that share no second, in seconds before now; so long is each.
_APART: Final = (40.0, 30.0, 20.0)
_ALONE: Final = 14.0
_WORDS: Final = frozenset(status.value for status in OrderStatus)


def look_first(consumer: ConsumerTarget) -> None:
    """Raises :class:`Unjudgeable` for a consumer that is down, hangs, answers 404 to everything or
    refuses its own secret, and for a state that cannot be read as the options say.
    """
    try:
        _look(consumer)
    except (NetworkTrouble, NotExercised) as error:
        raise Unjudgeable(str(error)) from None


def _look(consumer: ConsumerTarget) -> None:
    try:
        case = consumer.order()
    except NotExercised as error:
        raise Unjudgeable(f"no order can be made known: {error}") from None
    latest = max(_LATEST * consumer.timeout, _LATEST_AT_LEAST)
    answers = [_reached(consumer, consumer.send(case.approved(), timeout=latest))]
    if answers[0].late:
        again = consumer.send(case.approved())
        if again.late:  # for a rule to find: each delivery more would take as long
            consumer.learned.late = True
            return
        answers = [_reached(consumer, again)]
    if not answers[0].accepted:
        answers += [_reached(consumer, consumer.send(d)) for d in (case.approved(), case.refund())]
    statuses = {told.status for told in answers}
    if statuses <= {404, 405, 410}:
        raise Unjudgeable(
            f"{consumer.url} answers {answers[0].status} to every delivery: is there a webhook "
            f"consumer?\nGive its whole URL, path included{_or_tell_it(consumer)}"
        )
    if statuses <= {401, 403}:
        raise Unjudgeable(
            f"{consumer.url} refuses every delivery with {answers[0].status}: it knows another "
            f"secret.\nSet {SECRET} to the one that it was given"
        )
    if consumer.has_probe:
        calibrate(consumer)


def _or_tell_it(consumer: ConsumerTarget) -> str:
    told = consumer.introduces
    return "" if told else "; if it knows only orders of its own checkout, --order-url as well"


def _reached(consumer: ConsumerTarget, told: Told) -> Told:
    if told.status is None:
        raise Unjudgeable(
            f"{consumer.url} cannot be judged: {told.error}\n"
            "Start the consumer, and look whether the URL is right"
        )
    return told


def calibrate(consumer: ConsumerTarget) -> None:
    """Read the states of a few orders whose stories are plain.

    Wrong states are for the rules to find; unknown words and pointers that lead nowhere are not.
    """
    try:
        part, full, gone = _known(consumer)
        _measure_one(consumer)
        consumer.deliver(part.refund(2500), full.refund(), gone.cancel())
        consumer.waited_for([(case, wanted(case.ledger)) for case in (part, full, gone)])
        states = [_sensible(consumer, case) for case in (part, full, gone)]
        _in_our_unit(states[:2], (part, full))
        consumer.learned.calibrated = True
        consumer.speed.pending = 0
    except Unreadable as error:
        raise Unjudgeable(
            f"the state cannot be read: {consumer.redact(str(error))}\n"
            "Mend --state-url, --state-status, --state-refunded or the hook"
        ) from None


def _known(consumer: ConsumerTarget) -> list[ShopOrder]:
    """Three orders that were approved, as they come; where all are unknown, again with a second of
    its own for each: who takes those of one second for one is found by a rule.
    """
    orders = _approved(consumer, [SECONDS_AGO] * 3)
    try:
        _all_known(consumer, orders)
        return orders
    except Unjudgeable:
        apart = _approved(consumer, _APART)
        consumer.waited_for([(case, wanted(case.ledger)) for case in apart])
        if any(consumer.read(case) is None for case in apart):
            raise
    _all_known(consumer, apart)
    return apart


def _approved(consumer: ConsumerTarget, agos: Sequence[float]) -> list[ShopOrder]:
    orders = [consumer.order(ago=ago) for ago in agos]
    consumer.deliver(*(case.approved() for case in orders))
    return orders


def _measure_one(consumer: ConsumerTarget) -> None:
    """What one delivery takes with nothing before it; the first ones loaded what all use."""
    consumer.speed.begin_anew()
    case = consumer.order(ago=_ALONE)
    consumer.deliver(case.approved())
    consumer.waited_for([(case, wanted(case.ledger))])
    consumer.speed.pending = 0


def _all_known(consumer: ConsumerTarget, cases: Sequence[ShopOrder]) -> None:
    patience = _UNKNOWN_FOR * consumer.settle
    pairs = [(case, wanted(case.ledger)) for case in cases]
    wrong = consumer.waited_for(pairs, unknown_for=patience)
    unknown = [mismatch for mismatch in wrong if mismatch.state is None]
    if len(unknown) == len(cases):
        how = (
            "was told of them by --order-url or the hook"
            if consumer.introduces
            else "was sent their `approved` (if it knows only orders of its own: --order-url)"
        )
        raise Unjudgeable(
            f"the consumer knows none of {len(cases)} orders after {patience:g} s, though "
            f"it {how}.\nIs --state-url right? A slow consumer needs a longer --settle"
        )
    for mismatch in wrong:
        _in_our_words(mismatch.state)
    state = wrong[0].state if len(wrong) == len(cases) else None
    if state is not None:
        raise Unjudgeable(
            f"orders that were approved, and nothing more, are said to be {state}: are the "
            f"pointers and words right?\nThe state was {state.shown}"
        )


def _sensible(consumer: ConsumerTarget, case: ShopOrder) -> ConsumerState | None:
    """Whatever the state is, its words must be ours."""
    state = consumer.read(case)
    _in_our_words(state)
    return state


def _in_our_unit(states: Sequence[ConsumerState | None], cases: Sequence[ShopOrder]) -> None:
    """A hundred times too much, or too little, of every order is another unit."""
    books = [case.ledger.refunded for case in cases]
    seen = [state.halalas if state is not None else None for state in states]
    for unit, wrong in (("halala", [100 * n for n in books]), ("sar", [n // 100 for n in books])):
        if seen == wrong and states[0] is not None:
            raise Unjudgeable(
                f"what is said to be refunded is not in the unit that was given: say --state-unit "
                f"{unit}\nThe state was {states[0].shown}"
            )


def _in_our_words(state: ConsumerState | None) -> None:
    if state is not None and state.status not in _WORDS:
        raise Unjudgeable(
            f"the state's word {state.status!r} is none of {', '.join(sorted(_WORDS))}: say which "
            f"it means with --state-map {state.status}=OURS.\nThe state was {state.shown}"
        )
