"""The sandbox is the simulator behind a real port, and gone afterwards."""

import http.client
import socket
import ssl
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import trustme

from points_conformance.simulator import Simulator
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.mounts.sandbox import PortTakenError, Sandbox


def test_it_answers_under_its_base_url() -> None:
    """An order is refunded over a socket."""
    simulator = Simulator()
    order = simulator.make_order()
    with Sandbox(simulator) as sandbox:
        request = urllib.request.Request(
            f"{sandbox.base_url}/orders/{order.uuid}/refund",
            data=b"",
            headers={"x-api-key": simulator.merchant.key},
            method="POST",
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
    assert order.ledger.left == 0


def test_its_addresses() -> None:
    """The API's base URL carries its prefix, the control API stands beside it."""
    with Sandbox(Simulator()) as sandbox:
        assert sandbox.base_url == f"http://127.0.0.1:{sandbox.port}/api/v1"
        assert sandbox.control_url == f"http://127.0.0.1:{sandbox.port}/_points"


def test_it_starts_and_stops_at_once() -> None:
    """A matter of milliseconds, and no thread or port is left."""
    threads = set(threading.enumerate())
    started = time.perf_counter()
    with Sandbox(Simulator()) as sandbox:
        port = sandbox.port
    assert time.perf_counter() - started < 5
    assert set(threading.enumerate()) == threads
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass


def test_it_stops_in_the_middle_of_a_delayed_answer(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits for an answer that comes in a minute, and nothing is logged about it."""
    faults = Faults(Simulator())
    faults.delay("any", 60)
    with Sandbox(faults) as sandbox:
        connection = http.client.HTTPConnection("127.0.0.1", sandbox.port)
        connection.request("GET", "/api/v1/webhooks")
        while faults.planned:
            time.sleep(0.001)
        started = time.perf_counter()
    assert time.perf_counter() - started < 5
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()
    connection.close()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_taken_port_is_said_plainly() -> None:
    """The error names the address."""
    with (
        Sandbox(Simulator()) as sandbox,
        pytest.raises(PortTakenError, match=rf"127.0.0.1:{sandbox.port}"),
        Sandbox(Simulator(), port=sandbox.port),
    ):
        pass


def test_many_clients_at_once_refund_once() -> None:
    """Of full refunds at once exactly one is carried out."""
    simulator = Simulator()
    order = simulator.make_order()
    with Sandbox(simulator) as sandbox, httpx.Client(trust_env=False) as client:
        url = f"{sandbox.base_url}/orders/{order.uuid}/refund"
        with ThreadPoolExecutor(8) as pool:
            answers = pool.map(
                lambda _: client.post(url, headers={"x-api-key": simulator.merchant.key}), range(24)
            )
            assert sorted(answer.status_code for answer in answers) == [200] + [400] * 23


def test_calls_are_not_slowed_down() -> None:
    """No 40 ms stall between the parts of an answer (TCP_NODELAY)."""
    with Sandbox(Simulator()) as sandbox, httpx.Client(trust_env=False) as client:
        client.get(f"{sandbox.base_url}/webhooks")
        rounds = []
        for _ in range(3):
            started = time.perf_counter()
            for _ in range(50):
                client.get(f"{sandbox.base_url}/webhooks")
            rounds.append(time.perf_counter() - started)
        assert min(rounds) < 1.5


@pytest.mark.parametrize("plan", ["lose_answer", "lose_request"])
def test_a_cut_closes_the_socket(plan: str, caplog: pytest.LogCaptureFixture) -> None:
    """The client sees no status at all, and the next call works."""
    faults = Faults(Simulator())
    order = faults.simulator.make_order()
    getattr(faults, plan)("refund")
    key = {"x-api-key": faults.simulator.merchant.key}
    with Sandbox(faults) as sandbox, httpx.Client(trust_env=False, headers=key) as client:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            client.post(f"{sandbox.base_url}/orders/{order.uuid}/refund")
        assert client.get(f"{sandbox.base_url}/orders/{order.uuid}").status_code == 200
    assert (order.ledger.left == 0) is (plan == "lose_answer")
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_body_above_the_limit_is_answered() -> None:
    """A client that sends 21 MB hears 413 and an envelope."""
    with Sandbox(Simulator()) as sandbox:
        answer = httpx.post(f"{sandbox.base_url}/webhooks", content=b"x" * (21 << 20))
    assert (answer.status_code, answer.json()["status"]) == (413, False)


def test_a_certificate_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """The caller hears of it at once."""
    nothing = tmp_path / "nothing.pem"
    with pytest.raises(OSError, match="No such file"), Sandbox(Simulator(), certfile=nothing):
        pass


def test_it_can_be_started_again() -> None:
    """Each with block is a server of its own."""
    sandbox = Sandbox(Simulator())
    for _ in range(2):
        with sandbox:
            assert httpx.get(f"{sandbox.base_url}/webhooks").status_code == 400


def test_it_speaks_https(tmp_path: Path) -> None:
    """With a certificate the base URL is https."""
    authority, paths = trustme.CA(), (tmp_path / "cert.pem", tmp_path / "key.pem")
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(paths[0]))
    certificate.private_key_pem.write_to_path(str(paths[1]))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trusted = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    with Sandbox(Simulator(), certfile=paths[0], keyfile=paths[1]) as sandbox:
        assert sandbox.base_url.startswith("https://")
        assert httpx.get(f"{sandbox.base_url}/webhooks", verify=trusted).status_code == 400
