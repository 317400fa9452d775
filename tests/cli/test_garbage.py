"""Whatever stands in a file or an option: it is taken, or refused in a line; never a trace."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from points_conformance.judging.known import KnownError, load_known
from points_conformance.plugin.settings import SettingsError, read_settings
from points_conformance.report.releases import diff_files
from points_conformance.subjects import Subject
from points_conformance.targets.api.clean import CleaningRefused, clean_up
from points_conformance.targets.api.sources import OrdersFileError, load_orders

many = settings(
    max_examples=150, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
texts = st.text(max_size=8) | st.sampled_from(["\ud800", "a\u2028b", "\x1b[2J", "", "1e9999999"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)


def like(**fields: Any) -> st.SearchStrategy[Any]:
    """An object with these fields, some of them spoilt or left out, or anything at all."""
    spoilt = {name: st.just(value) | st.just(value) | values for name, value in fields.items()}
    return st.fixed_dictionaries({}, optional=spoilt) | values


ORDER = like(uuid="u-1", type="earning", order_status="new", total_price=10, total_points=20,
             order_number="A")  # fmt: skip
RULE = like(id="x.one", verdict="passed", reason="")
REPORT = like(subject="api", verdict="conformant", readings={"a": "b"},
              rules=[{"id": "x.one", "verdict": "passed"}], scope=["all"])  # fmt: skip
LINE = like(kind="endpoint made", uuid="b0", order_number="PC-1", url="u", name="n", base_url="")
RUN = like(kind="run", base_url="http://127.0.0.1:1/api/v1")


def written(content: bytes) -> Path:
    """A file of these bytes."""
    with tempfile.NamedTemporaryFile(delete=False, suffix=".json") as file:
        file.write(content)
    return Path(file.name)


def tried(content: bytes, use: Callable[[Path], object], refusal: type[Exception]) -> None:
    """Used, or refused in a line that a terminal can show."""
    path = written(content)
    said = ""
    try:
        use(path)
    except refusal as error:
        said = str(error) or "\n\n\n"
    finally:
        path.unlink()
    assert said.count("\n") < 2


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


@many
@given(st.binary(max_size=40) | (st.lists(ORDER, max_size=3) | values).map(as_json))
def test_an_orders_file(content: bytes) -> None:
    """Of any bytes, and of rows that are almost right."""
    tried(content, load_orders, OrdersFileError)


@many
@given(st.binary(max_size=40) | st.lists(st.sampled_from([
    "[[known]]", "[known]", "[readings]", 'rule = "auth.valid-key"', "rule = 1", 'reason = "x"',
    "reason = []", "expires = 2027-01-31", "expires = 07:32:00", "expires = '2027-99-01'",
    "intermittent = true", "intermittent = 'x'", "title = 'x'", "title = {a=1}", "x = nan",
    '"cancel-settled" = "x"', '"cancel-settled/x" = 1', '"\\uD7FF" = "x"', "a.b.c = 1",
    "x = " + "[" * 5000, "x = " + "9" * 5000,
]), max_size=7).map(lambda lines: "\n".join(lines).encode()))  # fmt: skip
def test_a_file_of_known_failures(content: bytes) -> None:
    """Of any bytes, and of lines in any order."""
    from points_conformance.subjects import catalogue

    rules = list(catalogue(Subject.API))
    tried(content, lambda path: load_known(path, rules), KnownError)


@many
@given(st.lists(st.binary(max_size=20) | LINE.map(as_json) | RUN.map(as_json), max_size=5))
def test_a_journal(lines: list[bytes]) -> None:
    """Cleaning tells what it read, or why it cannot be done: nothing listens at port 1."""
    tried(
        b"\n".join(lines),
        lambda path: clean_up(path, {"POINTS_API_KEY": "sk"}).lines(),
        CleaningRefused,
    )


@many
@given((REPORT | st.binary(max_size=20)), REPORT, st.lists(RULE, max_size=3))
def test_two_reports(old: Any, new: Any, rules: list[Any]) -> None:
    """Compared, or refused with status 2 and one line."""
    if isinstance(new, dict) and isinstance(new.get("rules"), list):
        new = {**new, "rules": rules}
    paths = [written(r if isinstance(r, bytes) else as_json(r)) for r in (old, new)]
    lines, status = diff_files(*paths)
    for path in paths:
        path.unlink()
    assert status in (0, 1, 2)
    assert "\n".join(lines).encode("utf-8")
    if status == 2:
        assert len(lines) == 1
        assert len(lines[0].splitlines()) == 1


OPTIONS = {
    Subject.API: ("profile", "seed", "base_url", "orders", "dialect", "rate", "known_failures",
                  "webhook_listen", "webhook_url", "webhook_grace", "webhook_retry_within",
                  "select", "deselect"),
    Subject.CONSUMER: ("url", "app", "state_url", "state_status", "state_refunded", "state_map",
                       "state_unit", "order_url", "settle", "app_interface"),
    Subject.CLIENT: ("command", "timeout"),
}  # fmt: skip
words = texts | st.text(st.sampled_from("htp:/[]@.*-0123456789é{}=% \x00\udcff"), max_size=14)
starts = st.sampled_from(["", "http://", "http://127.0.0.1:", "127.0.0.1:", "-", "9" * 400, "nan"])


@pytest.mark.parametrize("subject", list(Subject))
@many
@given(data=st.data())
def test_the_value_of_an_option(subject: Subject, data: st.DataObject) -> None:
    """Whatever text it is; a URL that is fine stands beside it."""
    name = data.draw(st.sampled_from(OPTIONS[subject]))
    text = data.draw(st.builds(str.__add__, starts, words))
    fine = {"base_url": "http://127.0.0.1:9", "url": "http://127.0.0.1:9/x", "command": "true",
            "webhook_listen": "127.0.0.1:0"}  # fmt: skip
    many_valued = ("select", "deselect", "state_map")
    chosen = fine | {name: (text,) if name in many_valued else text}
    environment = {"POINTS_API_KEY": "sk", "POINTS_WEBHOOK_SECRET": "whsec_0123456789abcdef"}
    said = ""
    try:
        read_settings(chosen.get, environment, subject, command=True)
    except SettingsError as error:
        said = str(error) or "\n\n\n"
    assert said.count("\n") < 2
