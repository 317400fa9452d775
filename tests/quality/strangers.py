"""Ten made-up servers, each wrong in a way that no seeded defect is.

What fits none of the recorded signatures must not be given a cause with confidence: so the table is
of mistakes from other worlds than those of the catalogue. ``python -m tests.quality.strangers``
judges them and tells what is said of each.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.money import sar
from points_conformance.contract.names import Event, OrderStatus
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.seeded import judge_server
from points_conformance.defects.defect import Seeds
from points_conformance.judging.causes import Diagnosis, diagnose, signs_of
from points_conformance.judging.rule import Profile
from points_conformance.ledger import Booked
from points_conformance.report.causes import faults_of
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import Errors, Forms
from points_conformance.simulator.messages import Response, dump_json
from points_conformance.simulator.notifier import Notifier
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Order
from points_conformance.subjects import Subject, catalogue

__all__ = ["STRANGERS", "diagnosed"]

ANY: Final = "*"
seed = Seeds(ServerDefect)


@seed.on(Presenter.success, "data-is-a-text", ANY)
def data_is_a_text(
    presenter: Presenter, data: Any = None, message: str | None = None, **beside: Any
) -> Response:
    """What is in data is JSON in a string."""
    text = None if data is None else dump_json(data).decode()
    return Presenter.success(presenter, text, message, **beside)


@seed.on(Forms.booked, "amounts-in-dollars", ANY)
def amounts_in_dollars(forms: Forms, number: Decimal, errors: Errors) -> int | None:
    """Amounts are taken for another currency, and changed into riyals."""
    booked = Forms.booked(forms, number, errors)
    return booked and booked * 375 // 100


@seed.on(Presenter.order, "uuid-backwards", ANY)
def uuid_backwards(presenter: Presenter, order: Order) -> dict[str, Any]:
    """The uuid of an order is shown from its end to its beginning."""
    resource = Presenter.order(presenter, order)
    return resource | {"uuid": resource["uuid"][::-1]}


@seed.on(Presenter.status, "statuses-of-odd-orders-are-new", ANY)
def statuses_of_odd_orders_are_new(presenter: Presenter, order: Order) -> OrderStatus:
    """Every other order is shown as new, whatever it is."""
    return OrderStatus.NEW if order.id % 2 else order.ledger.status


@seed.on(Presenter.payload, "payloads-are-lists", ANY)
def payloads_are_lists(
    presenter: Presenter, event: Event, order: Order, at: Any, extra: dict[str, Any]
) -> Any:
    """The order in an event is a list of names and values."""
    payload = Presenter.payload(presenter, event, order, at, extra)
    return payload | {"order": [list(pair) for pair in payload["order"].items()]}


@seed.on(Notifier.tell, "events-of-long-ago", ANY)
def events_of_long_ago(
    notifier: Notifier, event: Event, order: Order, extra: dict[str, Any]
) -> None:
    """Every event says that everything happened in 1970, of an order without a number."""
    payload = notifier.presenter.payload(event, order, notifier.clock.now(), extra)
    payload["timestamp"] = "1970-01-01T00:00:00Z"
    payload["order"] |= {"order_number": "", "created_at": "1970-01-01T00:00:00Z"}
    notifier.deliver(order.merchant, event.value, payload, order.uuid)


@seed.on(Desk.commit, "refunds-cost-a-riyal", ANY)
def refunds_cost_a_riyal(desk: Desk, order: Order, booked: Booked) -> None:
    """With each reversal the price of the order rises by a riyal: a fee."""
    ledger = replace(booked.ledger, total=booked.ledger.total + 100)
    Desk.commit(desk, order, replace(booked, ledger=ledger))


@seed.on(Desk.commit, "every-third-order-is-forgotten", ANY)
def every_third_order_is_forgotten(desk: Desk, order: Order, booked: Booked) -> None:
    """What is done to every third order is answered and told, and gone with the next call."""
    Desk.commit(desk, order, booked if order.id % 3 else replace(booked, ledger=order.ledger))


@seed.on(Presenter.success, "answers-are-wrapped-thrice", ANY)
def answers_are_wrapped_thrice(
    presenter: Presenter, data: Any = None, message: str | None = None, **beside: Any
) -> Response:
    """A gateway puts the whole answer into an envelope of its own, which says 201."""
    inner = Presenter.success(presenter, data, message, **beside)
    return replace(inner, status=201, body=dump_json({"result": {"payload": inner.json()}}))


@seed.on(Presenter.payload, "told-of-the-order-before", ANY)
def told_of_the_order_before(
    presenter: Presenter, event: Event, order: Order, at: Any, extra: dict[str, Any]
) -> dict[str, Any]:
    """An event tells the number, the price and the points of another order."""
    payload = Presenter.payload(presenter, event, order, at, extra)
    payload["order"] |= {"order_number": "PC-0", "total_price": sar(1), "total_points": 7}
    return payload


#: Each with its name.
STRANGERS: Final = {defect.id: defect for defect in seed.defects}


def diagnosed(name: str, profile: Profile = Profile.SMOKE) -> tuple[int, Diagnosis]:
    """How many rules fail one of them, and what is said of it."""
    rules = catalogue(Subject.API).select(profile)
    judged = judge_server(
        STRANGERS[name].parts, DIALECTS["default"], rules=list(rules), profile=profile
    )
    signs = signs_of(judged.results)
    return len(signs.failed), diagnose(signs, faults_of(Subject.API))


def main() -> None:
    """Tell what is said of each."""
    for profile in (Profile.SMOKE, Profile.STANDARD):
        for name, defect in STRANGERS.items():
            failed, found = diagnosed(name, profile)
            print(f"{profile}: {name} ({defect.summary}): {failed} rules fail")
            for cause in found.causes:
                print(f"   {'LIKELY' if cause.likely else 'nearest'} {cause.fit:.2f} {cause.title}")


if __name__ == "__main__":
    main()
