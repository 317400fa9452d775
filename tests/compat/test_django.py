"""A consumer on Django under pytest-django, which closes the database to whoever may not use it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.compat import django_shop
from tests.compat.project import DJANGO, Project


@pytest.mark.parametrize("spread", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_a_consumer_keeps_what_it_is_told_in_djangos_database(
    tmp_path: Path, spread: tuple[str, ...]
) -> None:
    """With the way that docs/other-plugins.md shows; the project's own tests are as they were."""
    for name, text in django_shop.FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    project = Project(
        tmp_path,
        ["xdist", DJANGO],
        "DJANGO_SETTINGS_MODULE = settings\npythonpath = .\n",
        conftest=django_shop.CONFTEST,
        tests=django_shop.TESTS,
    )
    ended = project.run(*spread, few="test")
    assert ended.status == 0, ended.out
    assert ended.reports["consumer"]["verdict"] == "conformant"
    assert "failure" not in ended.outcomes.values()
    assert ended.outcomes["test_shop::test_without_the_database"] == "passed"
    rule = "test_shop.TestOurConsumer::test_rule[consumer.second-partial-refund]"
    assert ended.outcomes[rule] == "passed"
