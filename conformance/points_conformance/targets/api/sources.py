"""Where orders come from: the user's hook, a file of orders to use up, the earning endpoint, or the
embedded simulator. Each gives an order of the wanted kind, or ``None``.
"""

import threading
from abc import ABC, abstractmethod
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from points_conformance.contract.bounds import MOST_DIGITS
from points_conformance.contract.lifecycle import FINAL
from points_conformance.contract.money import MoneyError, halalas, sar
from points_conformance.contract.names import REST_TYPES, OrderStatus, OrderType
from points_conformance.simulator import Simulator
from points_conformance.simulator.messages import load_json
from points_conformance.targets.api.calling import Calling
from points_conformance.targets.api.order import Made, Wanted, fits

__all__ = [
    "FileSource",
    "HookSource",
    "OrderSource",
    "OrdersFileError",
    "SimulatorSource",
    "kind_of",
    "load_orders",
    "made_from",
]


class OrdersFileError(ValueError):
    """An orders file that cannot be used. The text names the row and what is wrong."""


class OrderSource(ABC):
    """Gives orders, each to one rule alone, whichever threads ask at once. ``made`` counts those
    that it made for the run, used or not.
    """

    made: int

    @abstractmethod
    def make(self, wanted: Wanted, api: Calling) -> Made | None:
        """An order as wanted, or ``None`` where this source has none. Calls are those of ``api``,
        the target as the rule that asks has it.
        """

    def promises(self, wanted: Wanted) -> bool:
        """Whether it said that it has such orders: where none comes, that is a promise not kept."""
        return False

    def turned_away(self, uuid: str, why: str) -> None:  # noqa: B027 - made orders need no note
        """Note an order of its own whose use was refused."""

    @property
    def listed(self) -> int:
        """How many orders the user listed in it."""
        return 0


def kind_of(value: object) -> OrderType | None:
    """The type of an order however it is spelt: 1, 2, ``earning`` or ``replacing``."""
    for kind, number in REST_TYPES.items():
        if not isinstance(value, bool) and value in (number, str(number), kind.value):
            return kind
    return None


def made_from(
    resource: Mapping[str, Any], *, given: bool, expected: Mapping[str, Any] | None = None
) -> Made | None:
    """An order as REST shows it, or ``None`` where it does not show enough to work with.

    Every field is optional there: what is not shown is taken from ``expected``.
    """
    resource = {**(expected or {}), **{k: v for k, v in resource.items() if v is not None}}
    kind = kind_of(resource.get("type"))
    uuid = resource.get("uuid")
    try:
        status = OrderStatus(str(resource.get("order_status")))
        total = halalas(resource.get("total_price"))  # type: ignore[arg-type]
    except ValueError:
        return None
    if kind is None or not isinstance(uuid, str) or not _fits_in_a_path(uuid):
        return None
    return Made(
        uuid=uuid,
        kind=kind,
        status=status,
        total=total,
        points=_whole(resource.get("total_points")),
        number=_name(resource.get("order_number")),
        given=given,
    )


def _name(value: object) -> str | None:
    """An order's number as webhooks name it; ``None`` for what is no name."""
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if plain else None


def _whole(value: object) -> int | None:
    """A whole number of points, however it is spelt (20.00 is one); else ``None``."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    # Never made whole before it is looked at: 1e9999999 would take minutes and gigabytes.
    if not Decimal(value).is_finite() or abs(Decimal(value).adjusted()) > MOST_DIGITS:
        return None
    return int(value) if value == int(value) else None


def _is_text(text: str) -> bool:
    """Whether every character is one: half a surrogate pair is none, and no file can hold it."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _fits_in_a_path(uuid: str) -> bool:
    return bool(uuid) and uuid.isascii() and uuid.isprintable() and not set(uuid) & set(" /?#%\\")


class SimulatorSource(OrderSource):
    """The embedded simulator makes whatever is wanted."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._counting = threading.Lock()
        self.made = 0

    def make(self, wanted: Wanted, api: Calling) -> Made | None:
        """An order in exactly the wanted status, with the wanted total."""
        with self._counting:
            self.made += 1
        order = self._simulator.make_order(
            wanted.kind or OrderType.EARNING,
            wanted.status,
            sar(wanted.total),
            metadata=wanted.metadata,
        )
        return Made(
            uuid=order.uuid,
            kind=order.kind,
            status=order.ledger.status,
            total=order.ledger.total,
            points=order.ledger.points,
            number=order.number,
        )


Hook = Callable[[OrderType, OrderStatus, Decimal], str | None]


class HookSource(OrderSource):
    """``pytest_points_make_order`` of the user's. What it gives is read: it must be as asked for.
    It is called on one thread, and what it gave is read while it makes the next.

    ``skipped`` names orders that were not.
    """

    def __init__(self, hook: Hook) -> None:
        self._hook = hook
        self.made = 0
        self.skipped: list[str] = []
        self._gave: set[tuple[OrderType, OrderStatus]] = set()

    def promises(self, wanted: Wanted) -> bool:
        """What the hook gave once, right or wrong, it has."""
        return (wanted.kind or OrderType.EARNING, wanted.status) in self._gave

    def make(self, wanted: Wanted, api: Calling) -> Made | None:
        """An order that the hook made, if it is what was wanted; it makes none that are final."""
        if wanted.status in FINAL:
            return None
        kind = wanted.kind or OrderType.EARNING
        uuid = self._hook(kind, wanted.status, sar(wanted.total))
        if uuid is None:
            return None
        uuid = str(uuid)
        self._gave.add((kind, wanted.status))
        if not _fits_in_a_path(uuid):
            self.skipped.append(f"{uuid!r}, by the hook: this is no uuid")
            return None
        asked = {"uuid": uuid, "type": kind.value, "total_price": sar(wanted.total)}
        made = made_from(api.read(uuid).order, given=True, expected=asked)
        if made is not None and fits(made, wanted):
            return made
        ask = f"asked for {wanted.status.value} {kind.value} of {sar(wanted.total)}"
        self.skipped.append(f"{uuid}, by the hook: {ask}, {_shown(made)}")
        return None


@dataclass(slots=True)
class FileSource(OrderSource):
    """Orders of a file, in its order, each used once and read before it is used.

    ``skipped`` names those whose reading did not match it.
    """

    rows: Sequence[Made]
    used: set[str] = field(default_factory=set)
    skipped: list[str] = field(default_factory=list)
    made: int = 0
    _choosing: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def listed(self) -> int:
        """The rows of the file."""
        return len(self.rows)

    def promises(self, wanted: Wanted) -> bool:
        """Whether the file lists such orders, used up or not."""
        return not wanted.fresh and any(fits(row, wanted) for row in self.rows)

    def turned_away(self, uuid: str, why: str) -> None:
        """Named among those that were no use."""
        if uuid in self.used:
            self.skipped.append(f"{uuid}: {why}")

    def make(self, wanted: Wanted, api: Calling) -> Made | None:
        """The first unused row that fits and is still what the file says it is."""
        if wanted.fresh:
            return None
        for row in self.rows:
            with self._choosing:
                if row.uuid in self.used or not fits(row, wanted):
                    continue
                self.used.add(row.uuid)
            told = {"uuid": row.uuid, "type": row.kind.value, "total_price": sar(row.total)}
            made = made_from(api.read(row.uuid).order, given=True, expected=told)
            if made is not None and fits(made, wanted) and made.total == row.total:
                return replace(row, points=row.points if made.points is None else made.points)
            self.skipped.append(
                f"{row.uuid}: the file says {row.status.value} {row.kind.value} of "
                f"{sar(row.total)}, {_shown(made)}"
            )
        return None


def _shown(made: Made | None) -> str:
    if made is None:
        return "the API does not show this order"
    return f"the API shows {made.status.value} {made.kind.value} of {sar(made.total)}"


def load_orders(path: Path) -> list[Made]:
    """Read an orders file. Raises :class:`OrdersFileError` with the row and what is wrong."""
    try:
        rows = load_json(path.read_bytes().removeprefix(BOM_UTF8))
    except OSError as error:
        raise OrdersFileError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise OrdersFileError(f"{path} is not JSON: {error}") from None
    if not isinstance(rows, list):
        raise OrdersFileError(f"{path} must hold a JSON list of orders")
    orders = [_row(path, number, row) for number, row in enumerate(rows, 1)]
    seen: set[str] = set()
    for number, order in enumerate(orders, 1):
        if order.uuid in seen:
            raise OrdersFileError(f"{path}, order {number}: {order.uuid} is listed twice")
        seen.add(order.uuid)
    return orders


def _row(path: Path, number: int, row: object) -> Made:
    place = f"{path}, order {number}"
    if not isinstance(row, dict):
        raise OrdersFileError(f"{place}: must be an object")
    missing = [name for name in ("uuid", "type", "order_status", "total_price") if name not in row]
    if missing:
        raise OrdersFileError(f"{place}: {', '.join(missing)} missing")
    if not isinstance(row["uuid"], str) or not _fits_in_a_path(row["uuid"]):
        raise OrdersFileError(f"{place}: uuid {row['uuid']!r} is none")
    if kind_of(row["type"]) is None:
        raise OrdersFileError(f"{place}: type must be earning or replacing, not {row['type']!r}")
    if row["order_status"] not in [status.value for status in OrderStatus]:
        choices = ", ".join(OrderStatus)
        raise OrdersFileError(
            f"{place}: order_status {row['order_status']!r} is unknown; one of {choices}"
        )
    try:
        if halalas(row["total_price"]) <= 0:
            raise MoneyError("total_price must be above 0")
    except MoneyError as error:
        raise OrdersFileError(f"{place}: total_price: {error}") from None
    _check_rest(place, row)
    made = made_from(row, given=True)
    if made is None:
        raise OrdersFileError(f"{place}: cannot be used")
    return made


def _check_rest(place: str, row: Mapping[str, object]) -> None:
    """What may be left out; where it is there it is what it says."""
    points, number = row.get("total_points"), row.get("order_number")
    if points is not None and _whole(points) is None:
        raise OrdersFileError(f"{place}: total_points {points!r} is no whole number of points")
    if number is not None and not (isinstance(number, str) and _is_text(number)):
        raise OrdersFileError(f"{place}: order_number {number!r} is no text")
