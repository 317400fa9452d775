"""kill -9 in the middle of a live run: the journal is whole, and everything can be cleaned up."""

from __future__ import annotations

import os
import time
from pathlib import Path

import httpx
import pytest
from tests.cli.command import start
from tests.cli.test_webhook_listen import sandbox

from points_conformance.judging.journal import read_torn_journal
from points_conformance.targets.api.clean import clean_up

#: How many moments; the session ``kill`` of nox takes twenty.
MOMENTS = int(os.environ.get("POINTS_TEST_KILLS", "4"))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no such signal there")
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_kill_9_leaves_a_whole_journal_and_nothing_that_clean_does_not_find(
    tmp_path: Path, moment: int
) -> None:
    """Whatever the moment: no endpoint stays after clean, and every order that was made is listed.

    The moments are spread from the first line of the journal over the three seconds after it.
    """
    journal = tmp_path / "points-conformance-report" / "journal.jsonl"
    with sandbox() as served:
        key = served.simulator.merchant.key
        process = start(
            tmp_path, "api", "--base-url", served.base_url, "--webhook-listen", "127.0.0.1:0",
            "--profile", "smoke", key=key,
        )  # fmt: skip
        try:
            _wait_for(journal)
            time.sleep(3.0 * moment / max(MOMENTS - 1, 1))
        finally:
            process.kill()
            process.communicate(timeout=30)
        time.sleep(0.2)  # a call that was under way is answered
        entries, spoiled = read_torn_journal(journal)
        assert entries[0]["kind"] == "run"
        assert spoiled in ([], [len(entries) + 1])

        cleaning = clean_up(journal, {"POINTS_API_KEY": key})

        listed = httpx.get(f"{served.base_url}/webhooks?per_page=100", headers={"x-api-key": key})
        assert listed.json()["data"] == []
        assert cleaning.left == ()
        told = "\n".join(cleaning.orders)
        made = [order.number for order in served.simulator.world.orders.values()]
        assert [number for number in made if number not in told] == []


def _wait_for(journal: Path) -> None:
    end = time.monotonic() + 30
    while not (journal.exists() and journal.stat().st_size) and time.monotonic() < end:
        time.sleep(0.01)
    assert journal.exists()
