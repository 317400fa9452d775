"""A run leaves no webhook endpoint behind, or says which, and its journal has it for ``clean``."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.second_server import SecondServer

from points_conformance.targets.api.build import LiveSettings, live_target
from points_conformance.targets.api.clean import CleaningRefused, clean_up
from points_conformance.targets.api.live_inbox import LiveInbox
from points_conformance.targets.api.target import ApiTarget

HOW = ["lost", "504", "500", "no uuid", "no JSON"]


class Breaking(httpx.BaseTransport):
    """Carries calls out, and spoils the answers to one method, for so many ``times``."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport()
        self.method, self.how, self.times = "", "", 99

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One call; ``refused`` alone is not carried out."""
        broken = request.method == self.method and self.times > 0
        self.times -= broken
        if broken and self.how == "refused":
            return httpx.Response(403, json={"message": "no"})
        answer = self.inner.handle_request(request)
        answer.read()
        if not broken:
            return answer
        if self.how == "lost":
            raise httpx.ReadError("the connection was reset")
        if self.how.isdigit():
            return httpx.Response(int(self.how), json={"message": "oops"})
        return httpx.Response(201, text="{}" if self.how == "no uuid" else "done")

    def close(self) -> None:
        """End the connections."""
        self.inner.close()


@pytest.fixture
def server() -> Iterator[SecondServer]:
    """Somebody else's implementation of the API."""
    with SecondServer() as server:
        yield server


@pytest.fixture
def breaking(api: ApiTarget) -> Iterator[Breaking]:
    """What stands between the run and the server."""
    with Breaking() as transport:
        api.client._transport = transport
        api.client._mounts = {}
        yield transport


@pytest.fixture
def inbox() -> Iterator[LiveInbox]:
    """Where events are to go."""
    inbox = LiveInbox(("127.0.0.1", 0), grace=0.1)
    yield inbox
    inbox.stop()


@pytest.fixture
def api(server: SecondServer, inbox: LiveInbox, tmp_path: Path) -> Iterator[ApiTarget]:
    """A run on the server, with a journal."""
    settings = LiveSettings(
        base_url=server.base_url,
        environment={"POINTS_API_KEY": server.key},
        inbox=inbox,
        journal=tmp_path / "journal.jsonl",
    )
    api = live_target(settings)
    api._sleep = lambda seconds: None
    api.journal.write("run", base_url=server.base_url)
    yield api
    api.client.close()


def registered(server: SecondServer) -> list[str]:
    """The URLs of all endpoints that are there."""
    headers = {"x-api-key": server.key}
    answer = httpx.get(f"{server.base_url}/webhooks?per_page=100", headers=headers, trust_env=False)
    return [row["url"] for row in answer.json()["data"]]


@pytest.mark.parametrize("how", HOW)
def test_an_endpoint_whose_answer_was_lost_is_found_by_its_url_and_deleted(
    server: SecondServer, inbox: LiveInbox, api: ApiTarget, breaking: Breaking, how: str
) -> None:
    """``POST /webhooks`` carried out, but its answer lost, 504, 500, or without a uuid."""
    breaking.method, breaking.how = "POST", how
    inbox.register(api)
    assert registered(server) == [inbox.url()]
    assert inbox.close(api) == []
    assert registered(server) == []


def test_what_a_rule_asked_for_is_found_by_url_and_name_and_nobody_elses(
    server: SecondServer, inbox: LiveInbox, api: ApiTarget, breaking: Breaking
) -> None:
    """An endpoint of the same name at another URL is somebody's."""
    headers = {"x-api-key": server.key}
    theirs = {"name": "points-conformance", "url": "http://127.0.0.1:9/hook"}
    httpx.post(f"{server.base_url}/webhooks", json=theirs, headers=headers, trust_env=False)
    breaking.method, breaking.how = "POST", "no uuid"
    api.endpoints.open("points-conformance", "http://127.0.0.1:9/other")
    assert len(registered(server)) == 2
    assert inbox.close(api) == []
    assert registered(server) == ["http://127.0.0.1:9/hook"]


def test_where_it_cannot_be_found_out_that_is_said_and_kept_for_clean(
    server: SecondServer, inbox: LiveInbox, api: ApiTarget, breaking: Breaking, tmp_path: Path
) -> None:
    """The list cannot be had either: the note names the URL and the command that cleans up."""
    breaking.method, breaking.how = "POST", "504"
    inbox.register(api)
    breaking.method, breaking.how = "GET", "500"
    (line,) = inbox.close(api)
    assert inbox.url() in line
    assert "may still be registered" in line
    assert "points-conformance clean" in line
    cleaning = clean_up(tmp_path / "journal.jsonl", {"POINTS_API_KEY": server.key})
    assert len(cleaning.deleted) == 1
    assert registered(server) == []


@pytest.mark.parametrize("how", ["lost", "504", "500"])
@pytest.mark.parametrize("times", [1, 99])
def test_a_delete_that_was_carried_out_is_seen_to_be(
    server: SecondServer,
    inbox: LiveInbox,
    api: ApiTarget,
    breaking: Breaking,
    how: str,
    times: int,
) -> None:
    """However often its answer is lost: nothing is left, and nothing is said."""
    inbox.register(api)
    breaking.method, breaking.how, breaking.times = "DELETE", how, times
    assert inbox.close(api) == []
    assert registered(server) == []


def test_a_delete_that_is_refused_is_said_and_kept_for_clean(
    server: SecondServer, inbox: LiveInbox, api: ApiTarget, breaking: Breaking, tmp_path: Path
) -> None:
    """403: the endpoint stays, and the note says so."""
    inbox.register(api)
    breaking.method, breaking.how = "DELETE", "refused"
    (line,) = inbox.close(api)
    assert "is still registered: HTTP 403" in line
    assert "points-conformance clean" in line
    assert len(clean_up(tmp_path / "journal.jsonl", {"POINTS_API_KEY": server.key}).deleted) == 1
    assert registered(server) == []


def test_a_refused_registration_costs_one_look_and_no_word(
    inbox: LiveInbox, api: ApiTarget, breaking: Breaking
) -> None:
    """The server said no; that the list is refused as well is nothing to tell."""
    breaking.method, breaking.how = "POST", "refused"
    inbox.register(api)
    breaking.method = "GET"
    before = len(api.exchanges)
    assert inbox.close(api) == []
    assert len(api.exchanges) - before == 1


def test_an_endpoint_whose_uuid_holds_the_key_is_cleaned_by_its_url(
    server: SecondServer, inbox: LiveInbox, api: ApiTarget, tmp_path: Path
) -> None:
    """The journal has neither the uuid nor the key of the base URL's path."""
    answer = api.endpoints.open("points-conformance", inbox.url())
    uuid = answer.json["data"]["uuid"]
    path = tmp_path / "journal.jsonl"
    api.redact.add("POINTS_API_KEY", uuid)
    path.unlink()
    api.journal.write("run", base_url=server.base_url)
    api.endpoints.noted(uuid, inbox.url())
    api.journal.write("endpoint", url=inbox.url(), name="points-conformance")
    assert uuid not in path.read_text()
    assert len(clean_up(path, {"POINTS_API_KEY": server.key}).deleted) == 1
    assert registered(server) == []


@pytest.fixture
def both(server: SecondServer, inbox: LiveInbox, tmp_path: Path) -> Iterator[ApiTarget]:
    """A run that has the keys of two merchants."""
    keys = {"POINTS_API_KEY": server.key, "POINTS_OTHER_API_KEY": server.other_key}
    journal = tmp_path / "both.jsonl"
    settings = LiveSettings(
        base_url=server.base_url, environment=keys, inbox=inbox, journal=journal
    )
    api = live_target(settings)
    yield api
    api.client.close()


def _of_other(api: ApiTarget) -> list[str]:
    return [str(row["url"]) for row in api.other_endpoints.listed()]


def test_an_endpoint_of_the_second_merchant_is_its_own(both: ApiTarget, inbox: LiveInbox) -> None:
    """It is registered, listed and removed with that merchant's key alone."""
    made = both.other_endpoints.open("theirs", inbox.url("theirs")).json["data"]["uuid"]
    assert _of_other(both) == [inbox.url("theirs")]
    assert both.endpoints.listed() == []
    assert not both.endpoints.is_open(made)
    assert both.other_endpoints.remove(made).accepted
    assert _of_other(both) == []


def test_a_run_removes_the_second_merchants_endpoints_as_well(
    both: ApiTarget, inbox: LiveInbox
) -> None:
    """Whatever ended the rule that made them."""
    both.endpoints.open("ours", inbox.url("ours"))
    both.other_endpoints.open("theirs", inbox.url("theirs"))
    assert inbox.close(both) == []
    assert (both.endpoints.listed(), _of_other(both)) == ([], [])


def test_clean_deletes_the_second_merchants_endpoint_with_its_key(
    both: ApiTarget, server: SecondServer, inbox: LiveInbox
) -> None:
    """The journal says whose it is; without that key it is said which one is missing."""
    ours = both.endpoints.open("ours", inbox.url("ours")).json["data"]["uuid"]
    theirs = both.other_endpoints.open("theirs", inbox.url("theirs")).json["data"]["uuid"]
    path, keys = both.journal.path, {"POINTS_API_KEY": server.key}
    assert path is not None
    with pytest.raises(CleaningRefused, match="set POINTS_OTHER_API_KEY"):
        clean_up(path, keys)
    assert (both.endpoints.listed(), _of_other(both)) == ([], [inbox.url("theirs")])
    cleaning = clean_up(path, {**keys, "POINTS_OTHER_API_KEY": server.other_key})
    assert (cleaning.deleted, _of_other(both)) == ((theirs,), [])
    assert ours not in cleaning.deleted
    assert clean_up(path, {}).lines() == ["the run left nothing"]
