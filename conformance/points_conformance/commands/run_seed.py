"""Seeds over the processes of pytest-xdist: the part of a worker, a test for each seed."""

from dataclasses import asdict
from typing import Any

import pytest

from points_conformance.commands.one_seed import TOLD, Job, judged

__all__ = ["pytest_generate_tests", "test_seed"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each seed."""
    told = metafunc.config.workerinput[TOLD]  # type: ignore[attr-defined]
    metafunc.parametrize("seed", range(told["first"], told["last"] + 1), ids=str)


def test_seed(seed: int, request: pytest.FixtureRequest, record_property: Any) -> None:
    """It is judged in a child of this worker; whatever came of that is the joined report's."""
    told = request.config.workerinput[TOLD]  # type: ignore[attr-defined]
    job = Job(**{name: told[name] for name in Job.__slots__})
    done = judged(job, seed)
    path = job.at(seed) / "report.json"
    # The worker may be on another machine.
    report = path.read_text("utf-8") if path.exists() else ""
    record_property(TOLD, {**asdict(done), "report": report})
