"""``selfcheck --record FILE``: what it refuses, and that it goes on with what is there."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from points_conformance.cli import main
from points_conformance.defects import recording
from points_conformance.judging.signatures import Recorded


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--record", "s.json", "--defect", "x"], "--record is of all defects"),
        (["--record", "s.json", "--subject", "api"], "--record is of all defects"),
        (["--record", "s.json", "--json", "m.json"], "--record is of all defects"),
        (["--seeds", "2"], "--seeds is for --record"),
        (["--record", "garbage.json"], "holds no signatures"),
        (["--record", "list.json"], "holds no signatures"),
    ],
)
def test_wrong_usage_is_2_in_a_line_before_anything_is_judged(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is left as it is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "garbage.json").write_text("nothing", encoding="utf-8")
    (tmp_path / "list.json").write_text("[]", encoding="utf-8")
    done = CliRunner().invoke(main, ["selfcheck", *words])
    assert done.exit_code == 2
    assert said in done.output
    assert len(done.output.splitlines()) == 1
    assert (tmp_path / "garbage.json").read_text("utf-8") == "nothing"


@pytest.mark.parametrize(
    ("words", "seeds"), [([], (0,)), (["--seeds", "3", "--seed", "5"], (5, 6, 7))]
)
def test_the_seeds_are_those_asked_for_or_those_of_the_file(
    words: list[str], seeds: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is judged here: no run shows anything."""
    monkeypatch.setattr(recording, "_made", lambda runs, workers: ((run, {}) for run in runs))
    path = tmp_path / "s.json"
    done = CliRunner().invoke(main, ["selfcheck", "--record", str(path), *words])
    assert done.exit_code == 0, done.output
    recorded = Recorded.read(path.read_text("utf-8"))
    assert recorded.seeds == seeds
    assert recording.stale(recorded) == []
    again = CliRunner().invoke(main, ["selfcheck", "--record", str(path)])
    assert again.output.startswith("0 runs to make")
