"""Cleaning up after an interrupted run: what its journal names goes, nothing else is touched."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.command import run
from tests.second_server import SecondServer

from points_conformance.judging.journal import Journal, read_journal
from points_conformance.targets.api.clean import CleaningRefused, clean_up, what_was_left

OURS = "points-conformance a1b2"


@pytest.fixture(params=["plain", "awkward"])
def server(request: pytest.FixtureRequest) -> Iterator[SecondServer]:
    """Somebody else's implementation of the API, in both its ways to answer."""
    with SecondServer(request.param) as server:
        yield server


class Merchant:
    """Registers and lists endpoints as the run or the user would."""

    def __init__(self, server: SecondServer) -> None:
        self._url = f"{server.base_url}/webhooks"
        self._headers = {"x-api-key": server.key}
        self.environment = {"POINTS_API_KEY": server.key}

    def register(self, url: str, name: str = OURS) -> str:
        answer = httpx.post(self._url, json={"url": url, "name": name}, headers=self._headers)
        uuid: str = answer.raise_for_status().json()["data"]["uuid"]
        return uuid

    def listed(self) -> set[str]:
        answer = httpx.get(f"{self._url}?per_page=100", headers=self._headers)
        return {row["uuid"] for row in answer.json()["data"]}


@pytest.fixture
def merchant(server: SecondServer) -> Merchant:
    """The merchant whose key the run had."""
    return Merchant(server)


@pytest.fixture
def journal(tmp_path: Path, server: SecondServer) -> Path:
    """A journal that begins as every run's does."""
    path = tmp_path / "journal.jsonl"
    write(path, "run", base_url=server.base_url)
    return path


def write(path: Path, kind: str, **facts: Any) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, **facts}) + "\n")


def test_an_endpoint_of_the_run_is_deleted_and_no_other(journal: Path, merchant: Merchant) -> None:
    """The user's own endpoints stay."""
    own = merchant.register("https://shop.example/hook", "shop")
    ours = merchant.register("https://inbox.example/1")
    write(journal, "endpoint", url="https://inbox.example/1", name=OURS)
    write(journal, "endpoint made", uuid=ours)

    cleaning = clean_up(journal, merchant.environment)

    assert (cleaning.deleted, cleaning.left) == ((ours,), ())
    assert merchant.listed() == {own}


def test_a_second_cleaning_finds_nothing_to_do(journal: Path, merchant: Merchant) -> None:
    """What was deleted is noted in the journal."""
    write(journal, "endpoint", url="https://inbox.example/1", name=OURS)
    write(journal, "endpoint made", uuid=merchant.register("https://inbox.example/1"))
    clean_up(journal, merchant.environment)

    # Without a key: nothing is asked of the server any more.
    assert clean_up(journal, {}).lines() == ["the run left nothing"]


def test_an_endpoint_whose_answer_was_lost_is_found_by_url_and_name(
    journal: Path, merchant: Merchant
) -> None:
    """Also on a later page of the list; the URL alone does not make it ours."""
    own = {merchant.register(f"https://shop.example/{number}", "shop") for number in range(16)}
    ours = merchant.register("https://inbox.example/2")
    write(journal, "endpoint", url="https://inbox.example/2", name=OURS)
    write(journal, "endpoint", url="https://shop.example/3", name=OURS)

    assert clean_up(journal, merchant.environment).deleted == (ours,)
    assert merchant.listed() == own


def test_an_endpoint_that_the_run_deleted_itself_is_left_alone(
    journal: Path, merchant: Merchant
) -> None:
    """An orderly end leaves nothing to do."""
    write(journal, "endpoint", url="https://inbox.example/1", name=OURS)
    write(journal, "endpoint made", uuid="b0")
    write(journal, "endpoint gone", uuid="b0")

    assert clean_up(journal, merchant.environment).lines() == ["the run left nothing"]


def test_an_endpoint_that_somebody_else_deleted_is_told(journal: Path, merchant: Merchant) -> None:
    """404 means gone, which is what was wanted."""
    gone = "00000000-0000-4000-8000-000000000001"
    write(journal, "endpoint", url="https://inbox.example/1", name=OURS)
    write(journal, "endpoint made", uuid=gone)

    cleaning = clean_up(journal, merchant.environment)

    assert (cleaning.gone, cleaning.left) == ((gone,), ())


def test_orders_are_listed_and_not_touched(
    journal: Path, server: SecondServer, merchant: Merchant
) -> None:
    """With their uuid where it is known; that takes no key."""
    order = server.make_order()
    write(journal, "order", order_number="PC-1", total_price="100.00")
    write(journal, "order made", order_number="PC-1", uuid=order["uuid"])
    write(journal, "order", order_number="PC-2", total_price="100.00")
    before = server.ledger(order["uuid"])

    cleaning = clean_up(journal, {})

    assert cleaning.lines() == [
        "orders that the run made (not touched):",
        f"  {order['uuid']} (PC-1)",
        "  PC-2 (no answer came: it may not exist)",
    ]
    assert server.ledger(order["uuid"]) == before


def test_runs_against_two_servers_are_kept_apart() -> None:
    """One report folder may have seen both; each endpoint belongs to the run above it."""
    entries = [
        {"kind": "run", "base_url": "http://127.0.0.1:1"},
        {"kind": "endpoint", "url": "https://inbox.example/1", "name": OURS},
        {"kind": "endpoint made", "uuid": "a"},
        {"kind": "run", "base_url": "http://127.0.0.1:2"},
        {"kind": "endpoint", "url": "https://inbox.example/1", "name": OURS},
        {"kind": "run", "base_url": "http://127.0.0.1:1"},
        {"kind": "endpoint gone", "uuid": "a"},
    ]
    first, second = what_was_left(entries)
    assert (first.endpoints, first.lost) == ([], [])
    assert (second.endpoints, second.lost) == ([], [("https://inbox.example/1", OURS)])


@pytest.mark.parametrize(
    ("base_url", "environment", "said"),
    [
        ("", {"POINTS_API_KEY": "k"}, "does not say which server"),
        ("http://127.0.0.1:9/api/v1", {}, "set POINTS_API_KEY"),
        ("http://127.0.0.1:9/api/v1", {"POINTS_API_KEY": "k"}, "cannot be reached"),
        ("https://business.papp.sa/api/v1", {"POINTS_API_KEY": "k"}, "--allow-production"),
        ("http://sandbox.papp.sa/api/v1", {"POINTS_API_KEY": "k"}, "use https"),
    ],
    ids=["no server", "no key", "server down", "production", "plain HTTP"],
)
def test_where_nothing_can_be_cleaned_up_it_says_why(
    tmp_path: Path, base_url: str, environment: dict[str, str], said: str
) -> None:
    """And the journal keeps what is left."""
    path = tmp_path / "journal.jsonl"
    if base_url:
        write(path, "run", base_url=base_url)
    write(path, "endpoint made", uuid="b0")

    with pytest.raises(CleaningRefused, match=said):
        clean_up(path, environment)

    assert "endpoint gone" not in [entry["kind"] for entry in read_journal(path)]


def test_an_endpoint_that_cannot_be_deleted_is_named(journal: Path) -> None:
    """With the status that the server answered; the key is not shown."""
    write(journal, "endpoint", url="https://inbox.example/1", name=OURS)
    write(journal, "endpoint made", uuid="b0")

    cleaning = clean_up(journal, {"POINTS_API_KEY": "wrong-key"})

    assert cleaning.left == ("b0: HTTP 400",)
    assert "wrong-key" not in "".join(cleaning.lines())


def test_a_torn_journal_is_cleaned_as_far_as_it_goes(journal: Path, merchant: Merchant) -> None:
    """What was read is cleaned, and what could not be read is said."""
    ours = merchant.register("https://inbox.example/1")
    write(journal, "endpoint", url="https://inbox.example/1", name=OURS)
    with journal.open("ab") as file:
        file.write(b"\x00\x00 spoiled by hand\n")
    write(journal, "endpoint made", uuid=ours)
    with journal.open("ab") as file:
        file.write(b'{"kind": "order ma')

    cleaning = clean_up(journal, merchant.environment)

    assert (cleaning.deleted, cleaning.left) == ((ours,), ())
    assert merchant.listed() == set()
    assert cleaning.unread == (
        f"line 3 of {journal}: torn or spoiled",
        f"line 5 of {journal}: torn or spoiled",
    )
    assert "not read, and so perhaps left:" in cleaning.lines()
    # What was noted afterwards is no part of the torn line.
    assert clean_up(journal, {}).deleted == ()


def test_the_command_cleans_a_torn_journal_of_two_runs_interleaved(tmp_path: Path) -> None:
    """A torn last line, U+2028 in a uuid, two runs whose lines stand between one another's: what
    both left goes, and what could not be read or deleted is said.
    """
    path = tmp_path / "journal.jsonl"
    with SecondServer("plain") as one, SecondServer("plain") as two:
        assert one.key == two.key
        merchants = [Merchant(one), Merchant(two)]
        journals = [Journal(path, base_url=server.base_url) for server in (one, two)]
        for journal in journals:
            journal.write("run")
        for number in range(2):
            for merchant, journal in zip(merchants, journals, strict=True):
                url = f"https://inbox.example/{number}"
                journal.write("endpoint", url=url, name=OURS)
                journal.write("endpoint made", uuid=merchant.register(url))
        with path.open("a", encoding="utf-8") as file:
            odd = {"kind": "endpoint made", "uuid": "a\u2028b", "base_url": one.base_url}
            file.write(json.dumps(odd, ensure_ascii=False) + '\n{"kind": "endpoi')
        done = run(tmp_path, "clean", path, key=one.key)
        assert [merchant.listed() for merchant in merchants] == [set(), set()]
    assert done.status == 1, done
    assert "Traceback" not in done.out + done.err
    assert f"line 12 of {path}: torn or spoiled" in done.out
    assert "a\\u2028b" in done.out


def test_an_endpoint_whose_uuid_no_url_can_hold_is_named_and_the_others_deleted(
    journal: Path, merchant: Merchant
) -> None:
    """Half a surrogate pair, or a mark that ends lines."""
    ours = merchant.register("https://inbox.example/1")
    for uuid in ("\ud800", "a\u2028b", ours):
        write(journal, "endpoint made", uuid=uuid)

    cleaning = clean_up(journal, merchant.environment)

    assert cleaning.deleted == (ours,)
    assert len(cleaning.left) == 2
    assert all(line.isascii() for line in cleaning.left)


@pytest.mark.parametrize("key", ["clé", "sk\ntest", " sk", "\udcff"])
def test_a_key_that_no_header_can_carry_is_refused(journal: Path, key: str) -> None:
    """A key that is no ASCII is a slip, and never an error of ours."""
    write(journal, "endpoint made", uuid="b0")
    with pytest.raises(CleaningRefused, match="POINTS_API_KEY holds what no HTTP header"):
        clean_up(journal, {"POINTS_API_KEY": key})
