"""``property.*``: what holds for every total, every amount and every way of splitting it."""

from typing import Any

from points_conformance.contract.money import nearby_halalas, sar
from points_conformance.contract.names import OrderStatus
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import Denied
from points_conformance.judging.rule import Level, Profile, inferred, promised, source
from points_conformance.judging.search import Look, search
from points_conformance.rules.api import readings
from points_conformance.rules.api.events import all_of
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.points import proportionate, told_refunds
from points_conformance.rules.api.steps import FULL, PARTIAL, is_left
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST = Level.MUST
POINTS = source(Page.REVERSALS, "Points")
REASON = source(Page.OPENAPI, "POST /orders/{uuid}/cancel")
TOLD_REASON = source(Page.EVENTS, "cancelled")
BOUNDED = promised("partial sums bounded")
EXACT = inferred("money is exact")
HALALAS = inferred("all readings: refused, or one of the two halalas beside it")
PART = "refund.partial"
SUM = "refund.sum-bounded"
ADD_UP = "property.parts-add-up"
TOLD = "webhook.refund-is-told"

#: Calls by profile; off loopback every call costs the target something.
CALLS = {Profile.SMOKE: 40, Profile.STANDARD: 240, Profile.DEEP: 1_500}
FAR = {Profile.SMOKE: 0, Profile.STANDARD: 30, Profile.DEEP: 200}
#: The most a story's order may cost, in halalas: no live target is asked for millions.
NEAR_LARGEST, FAR_LARGEST = 100_000_000_000, 100_000
rule = family(after=ADD_UP, calls=CALLS, far_calls=FAR, riyals=1_000_000_000, long=True)


def _largest(api: ApiTarget) -> int:
    return NEAR_LARGEST if api.loopback else FAR_LARGEST


def _refund(api: ApiTarget, order: TestOrder, amount: int, left: int) -> Answer:
    """Refund ``amount`` of the ``left`` halalas: accepted, and in the status that follows."""
    answer = api.refund(order, amount=sar(amount))
    fail_unless(
        answer.accepted,
        "a refund of no more than is left was refused",
        expected=f"a refund of {sar(amount)} to be accepted: {sar(left)} of {sar(order.total)} "
        "SAR are left",
        got=f"HTTP {answer.status}",
    )
    expect(answer).shows(FULL if amount == left else PARTIAL)
    return answer


def _in_parts(api: ApiTarget, total: int, pieces: tuple[int, ...]) -> TestOrder:
    order = api.order(total=total, exact=True, fresh=True)
    left = total
    for piece in pieces:
        _refund(api, order, piece, left)
        left -= piece
    return order


@rule(ADD_UP, MUST, BOUNDED, EXACT, after=SUM)
def parts_of_any_size_add_up(api: ApiTarget) -> None:
    """Parts of any total MUST each be accepted, end fully_refunded exactly when nothing is left,
    and leave exactly the rest.
    """
    from points_conformance.rules.api.strategies import Parts, parts

    def tell(story: Parts) -> None:
        order = _in_parts(api, story.total, story.parts)
        if story.left:
            is_left(api, order, story.left)
        else:
            expect(api.read(order)).shows(FULL)
            expect(api.refund(order, amount=sar(1))).refused()

    search(api, parts(largest=_largest(api)), tell, examples=_examples(api), longest=11)


@rule("property.order-of-parts", MUST, EXACT, inferred("addition has no order"))
def the_order_of_parts_does_not_matter(api: ApiTarget) -> None:
    """The same parts in another order MUST leave the same."""
    from hypothesis import strategies as st

    from points_conformance.rules.api.strategies import Parts, parts

    def tell(story: tuple[Parts, tuple[int, ...]]) -> None:
        first, again = story
        for pieces in (first.parts, again):
            order = _in_parts(api, first.total, pieces)
            if first.left:
                is_left(api, order, first.left)

    def twice(story: Parts) -> "st.SearchStrategy[tuple[Parts, tuple[int, ...]]]":
        return st.tuples(st.just(story), st.permutations(story.parts).map(tuple))

    stories = parts(largest=_largest(api), most=3).flatmap(twice)
    search(api, stories, tell, examples=_examples(api) // 2, longest=16)


@rule("property.split-or-sum", MUST, EXACT, inferred("a split is no other refund"))
def a_split_refund_is_its_sum(api: ApiTarget) -> None:
    """Parts, one by one or as one sum, MUST leave the same."""
    from points_conformance.rules.api.strategies import Parts, parts

    def tell(story: Parts) -> None:
        for pieces in (story.parts, (sum(story.parts),)):
            order = _in_parts(api, story.total, pieces)
            if story.left:
                is_left(api, order, story.left)
            else:
                expect(api.read(order)).shows(FULL)

    search(
        api,
        parts(largest=_largest(api), most=4),
        tell,
        examples=_examples(api) // 2,
        longest=15,
    )


@rule("property.amount-or-none", MUST, source(Page.OPENAPI, "amount equal to the total"), EXACT)
def a_full_refund_by_amount_is_one_without(api: ApiTarget) -> None:
    """For any total a refund of that amount MUST end as a refund without amount does."""
    from points_conformance.rules.api.strategies import totals

    def tell(total: int) -> None:
        stories: tuple[dict[str, Any], ...] = ({"amount": sar(total)}, {})
        for fields in stories:
            order = api.order(total=total, exact=True, fresh=True)
            answer = api.refund(order, **fields)
            expect(answer).accepted().shows(FULL)
            expect(api.read(order)).shows(FULL)
            expect(api.refund(order, amount=sar(1))).refused()

    search(api, totals(_largest(api)), tell, examples=_examples(api) // 3, longest=8)


@rule("property.above-left", MUST, BOUNDED, after=SUM)
def nothing_above_what_is_left_goes_back(api: ApiTarget) -> None:
    """After any parts, any amount above what is left MUST be refused and change nothing."""
    from hypothesis import strategies as st

    from points_conformance.rules.api.strategies import Parts, parts

    def tell(story: tuple[Parts, int]) -> None:
        split, excess = story
        order = _in_parts(api, split.total, split.parts)
        before = api.read(order)
        above = api.refund(order, amount=sar(split.left + excess))
        fail_unless(
            above.refused,
            "more goes back than is left",
            expected=f"a refund of {sar(split.left + excess)} to be refused: "
            f"{sar(split.left)} of {sar(split.total)} SAR are left",
            got=f"HTTP {above.status}",
        )
        expect(api.read(order)).unchanged_from(before)

    excess = st.one_of(st.sampled_from((1, 2, 10, 50, 99, 100)), st.integers(1, 1_000_000))
    stories = st.tuples(parts(largest=_largest(api), most=3, whole=False), excess)
    search(api, stories, tell, examples=_examples(api), longest=8)


@rule("property.amounts-between-halalas", MUST, BOUNDED, HALALAS, after=PART)
def amounts_between_two_halalas_are_one_of_them(api: ApiTarget) -> None:
    """An amount with more than two decimals MUST be refused, or count as a halala beside it."""
    from hypothesis import strategies as st

    def tell(story: tuple[int, int]) -> None:
        total, thousandths = story
        order = api.order(total=total, exact=True, fresh=True)
        amount = sar(thousandths) / 10
        possible = sorted(nearby_halalas(amount))
        before = api.read(order)
        answer = api.refund(order, amount=amount)
        if not answer.accepted:
            expect(answer).refused()
            expect(api.read(order)).unchanged_from(before)
            return
        # The larger of the two may be what went back: what the smaller one leaves, and one more,
        # is above what is left in either case.
        above = api.refund(order, amount=sar(total - possible[0] + 1))
        fail_unless(
            above.refused,
            "an amount between two halalas was booked as less",
            expected=f"{amount} to count as {' or '.join(str(sar(p)) for p in possible)}",
            got=f"a refund of {sar(total - possible[0] + 1)} afterwards: HTTP {above.status}",
        )
        rests = [api.refund(order, amount=sar(total - p)) for p in possible]
        fail_unless(
            any(rest.accepted for rest in rests),
            "an amount between two halalas was booked as more",
            expected=f"{amount} to count as {' or '.join(str(sar(p)) for p in possible)}",
            got="neither rest is accepted",
        )

    odd = st.integers(1, 9_999).filter(lambda n: n % 10 != 0)
    stories = st.tuples(st.sampled_from((1_100, 5_000, 100_000)), odd)
    search(api, stories, tell, examples=_examples(api) // 2, longest=6)


@rule("property.points", MUST, POINTS, after=(PART, TOLD), needs=Need.INBOX)
def points_follow_any_split(api: ApiTarget) -> None:
    """For any split each part's points MUST be in proportion, never negative, and add up."""
    from points_conformance.rules.api.strategies import Parts, parts

    api.webhooks()

    def tell(story: Parts) -> Look | None:
        order = _in_parts(api, story.total, story.parts)
        if not order.points or order.kind != "earning":
            return None
        return lambda: look(story, order)

    def look(story: Parts, order: TestOrder) -> None:
        gone = 0
        rows = told_refunds(api, order, len(story.parts))
        if len(rows) != len(story.parts):
            raise Denied(f"{len(story.parts)} refunds are told by {len(rows)} events")
        for told in rows:
            gone += told["refund_points"]
            fail_unless(
                told["refund_points"] >= 0 and told["left_points"] == order.points - gone,
                "points are not conserved",
                expected=f"{order.points} points to be reversed or left",
                got=f"{gone} reversed, {told['left_points']} left",
            )
        for piece, points in zip(
            sorted(story.parts), sorted(r["refund_points"] for r in rows), strict=True
        ):
            proportionate(order, piece, points)
        if not story.left:
            fail_unless(
                gone == order.points, "points are left", expected=f"{order.points}", got=gone
            )

    stories = parts(largest=min(_largest(api), 10_000_000), smallest=1_000)
    search(api, stories, tell, examples=_examples(api) // 2, longest=7)


@rule("property.reasons", MUST, REASON, TOLD_REASON, after="cancel.reason-limit")
def any_reason_within_the_limit_is_told(api: ApiTarget) -> None:
    """Any reason of 1 to 500 letters MUST be accepted and told to the letter."""
    from points_conformance.rules.api.strategies import reasons

    readings.cancel_settled(api, OrderStatus.APPROVED)

    def tell(reason: str) -> Look | None:
        order = readings.cancellable(api, fresh=True)
        expect(api.cancel(order, reason=reason)).accepted()
        return None if api.inbox is None else lambda: look(reason, order)

    def look(reason: str, order: TestOrder) -> None:
        for received in all_of(api, order, "cancelled"):
            told = received.order.get("reason")
            fail_unless(told == reason, "wrong reason", expected=repr(reason), got=repr(told))

    search(api, reasons(), tell, examples=_examples(api) // 2, longest=4)


def _examples(api: ApiTarget) -> int:
    """How many stories to draw: the calls end a search before this does."""
    return max(api.allowance // 3, 2)
