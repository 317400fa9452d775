"""What of a pytest command line is said again, to judge one rule again."""

import pytest

from points_conformance.plugin.again import _kept


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("-p rig --env staging --points-base-url http://127.0.0.1:9", "all"),
        ("tests/test_api.py -k refund -m slow --deselect a::b -p rig", "-p rig"),
        ("-k=refund --deselect=a::b -krefund --maxfail=1 --maxfail 2 -p rig", "-p rig"),
        ("-x --exitfirst --lf --ff --sw --points-dry-run -p rig", "-p rig"),
        ("-qx -xvs -vv -ra", "-q -vs -vv -ra"),
        ("--points-seed random --points-seed=4 --points-select=a --points-deselect b -n 4", "-n 4"),
        ("--points-profile deep --points-strict", "--points-strict"),
    ],
)
def test_what_chose_tests_is_left_out(words: str, kept: str) -> None:
    """Everything else is kept, for the verdict may rest on it."""
    told = " ".join(_kept(words.split(), ["tests/test_api.py"]))
    assert told == (words if kept == "all" else kept)
