"""A call that may take so long in all, on a thread that is used again."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from points_conformance.judging import deadline
from points_conformance.judging.deadline import within


def named() -> int | None:
    return threading.current_thread().native_id


def until(held: Callable[[], bool]) -> bool:
    """Whether it holds within five seconds."""
    for _ in range(250):
        if held():
            return True
        time.sleep(0.02)
    return False


def test_calls_one_after_another_share_a_thread() -> None:
    """And none is the caller's own, but where there is no bound."""
    threads = {within(5, named) for _ in range(10)}
    assert len(threads) == 1
    assert threads != {named()}
    assert within(None, named) == named()


def test_whoever_asks_gets_the_answer_to_what_was_asked() -> None:
    """From many threads at once."""
    with ThreadPoolExecutor(16) as pool:
        told = pool.map(lambda number: within(5, lambda: number), range(2000))
        assert list(told) == list(range(2000))


def test_what_a_call_raises_is_raised() -> None:
    """The very same error; and the thread goes on."""
    error = ValueError("no")

    def fails() -> None:
        raise error

    with pytest.raises(ValueError, match="no") as caught:
        within(5, fails)
    assert caught.value is error
    assert within(5, lambda: 1) == 1


def test_a_late_call_is_nobodys_answer() -> None:
    """It is left behind: what is asked next is answered by another thread, in time."""
    going_on, late_on = threading.Event(), []

    def late() -> str:
        late_on.append(threading.current_thread())
        going_on.wait(10)
        return "late"

    with pytest.raises(httpx.ReadTimeout):
        within(0.05, late)
    assert within(5, lambda: "in time") == "in time"
    going_on.set()
    assert until(lambda: not late_on[0].is_alive())
    assert within(5, lambda: "in time") == "in time"


def test_a_thread_that_is_not_needed_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment later: nothing is left in the tests of users."""
    monkeypatch.setattr(deadline, "_IDLE", 0.05)
    threads: list[threading.Thread] = []
    # Not those that other tests left, which wait for longer.
    started = threading.Barrier(8)

    def call() -> None:
        threads.append(threading.current_thread())
        started.wait(5)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: within(5, call), range(8)))
    assert until(lambda: not any(thread.is_alive() for thread in threads))
    assert within(5, lambda: 1) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_forked_process_has_threads_of_its_own() -> None:
    """Those of its parent are not there."""
    program = (
        "import os\n"
        "from points_conformance.judging.deadline import within\n"
        "within(5, int)\n"
        "child = os.fork()\n"
        "assert within(5, lambda: 7) == 7\n"
        "if child: print(os.waitpid(child, 0)[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("0\n", "")
