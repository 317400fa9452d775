"""The careful shops are conformant, in crashes too; the naive ones lose money."""

import os

import pytest
from tests.cli.command import Ended
from tests.examples.shell import Shell
from tests.examples.stacks import Stack

SMOKE = ("--profile", "smoke")
LOST = "client.lost-partial-answer"
CRASHES = ("--select", "consumer.crash-*")
STATE = ("--state-url", "/orders/{order_id}", "--state-unit", "halala")


def is_conformant(done: Ended) -> None:
    """Exit status and verdict."""
    assert done.status == 0, done.out
    assert done.report["verdict"] == "conformant"


def is_there(pid: int) -> bool:
    """Whether the process, or one of its group, lives: a crash that ends nothing is none."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_the_careful_consumer_is_conformant(project: Shell) -> None:
    """As its README judges it: its answers, what it books, and what a crash leaves of that."""
    project.start()
    url = ("--url", f"http://127.0.0.1:{project.port}/webhooks/points", *STATE)
    judge = ("points-conformance", "consumer", *url, "--strict")
    is_conformant(project.run(*judge, *SMOKE))
    started = project.pid
    crashed = project.run(*judge, *CRASHES, "--restart-command", "sh crash.sh")
    is_conformant(crashed)
    assert not is_there(started)
    assert is_there(project.pid)
    assert {rule["verdict"] for rule in crashed.report["rules"]} == {"passed"}


@pytest.mark.slow
def test_the_careful_client_is_conformant(project: Shell, stack: Stack) -> None:
    """HTTPS and waiting as well; after a lost answer it reads the order."""
    careful, _ = stack.clients
    judge = ("points-conformance", "client", "--command", careful, "--strict", *SMOKE)
    done = project.run(*judge)
    is_conformant(done)
    assert "reads the order" in done.reason("client.recovery")


@pytest.mark.slow
def test_the_naive_client_refunds_twice(project: Shell, stack: Stack) -> None:
    """It repeats a partial refund whose answer was lost."""
    _, naive = stack.clients
    if not naive:
        pytest.skip(f"{stack.name} has no naive client")
    judge = ("points-conformance", "client", "--command", naive, *SMOKE, "--select", LOST)
    done = project.run(*judge)
    assert done.status == 1, done.out
    assert done.verdict(LOST) == "failed"
