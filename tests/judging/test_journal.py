"""What a run left is on disk, whole and readable, however it ended."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from points_conformance.judging.finding import Denied
from points_conformance.judging.journal import (
    Journal,
    JournalError,
    read_journal,
    read_torn_journal,
)
from points_conformance.targets.api.clean import CleaningRefused, clean_up, what_was_left

SERVER = "http://127.0.0.1:9/api/v1"


def kinds(path: Path) -> list[str]:
    return [entry["kind"] for entry in read_journal(path)]


def test_a_torn_last_line_costs_that_line_alone(tmp_path: Path) -> None:
    """A run that was killed within a write, also in the middle of a letter."""
    path = tmp_path / "journal.jsonl"
    Journal(path, base_url=SERVER).write("order", order_number="PC-1")
    whole = path.read_bytes()
    for torn in (b'{"kind": "end', b'{"kind": "endpoint", "url": "\xd8', b"{", b"\x00" * 4096):
        path.write_bytes(whole + torn)
        assert read_torn_journal(path)[1] == [2]
        assert kinds(path) == ["order"]


def test_the_next_run_does_not_write_into_a_torn_line(tmp_path: Path) -> None:
    """Its first line would be lost with the other's last."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"kind": "run", "base_url": "x"}\n{"kind": "endpoint ma')
    Journal(path, base_url=SERVER).write("run")
    assert kinds(path) == ["run", "run"]
    assert read_torn_journal(path)[1] == [2]


@pytest.mark.parametrize(
    "text", ["a\u2028b", "a\u0085b", "a\x0bb\x0c\x1c", "\ud800", "é\r\nü", "\0"]
)
def test_any_text_of_a_server_is_read_back(tmp_path: Path, text: str) -> None:
    """U+2028 in a uuid ends a line for some readers, and half a surrogate pair is no UTF-8."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, base_url=SERVER)
    journal.write("endpoint made", uuid=text)
    journal.write("order", order_number=text)
    made, order = read_journal(path)
    assert (made["uuid"], order["order_number"]) == (text, text)
    assert path.read_bytes().count(b"\n") == 2


def test_u2028_that_an_older_version_wrote_as_it_is_is_read_too(tmp_path: Path) -> None:
    """Lines end with a newline, and with nothing else."""
    path = tmp_path / "journal.jsonl"
    line = json.dumps({"kind": "endpoint made", "uuid": "a\u2028b"}, ensure_ascii=False)
    path.write_text(line + "\n", encoding="utf-8")
    assert read_journal(path)[0]["uuid"] == "a\u2028b"


def test_two_runs_interleaved_in_one_journal_are_told_apart(tmp_path: Path) -> None:
    """Each line names its server, whichever run began last."""
    path = tmp_path / "journal.jsonl"
    one, two = (Journal(path, base_url=f"http://127.0.0.1:{port}/api/v1") for port in (1, 2))
    one.write("run")
    two.write("run")
    one.write("endpoint", url="https://inbox.example/1", name="n")
    two.write("endpoint", url="https://inbox.example/2", name="n")
    one.write("endpoint made", uuid="a")
    two.write("endpoint made", uuid="b")
    one.write("endpoint gone", uuid="a")
    first, second = what_was_left(read_journal(path))
    assert (first.base_url, first.endpoints) == ("http://127.0.0.1:1/api/v1", [])
    assert (second.base_url, second.endpoints) == ("http://127.0.0.1:2/api/v1", ["b"])


def test_lines_that_are_written_at_once_stay_whole(tmp_path: Path) -> None:
    """From several journals of one file, as of several runs."""
    path = tmp_path / "journal.jsonl"

    def write(number: int) -> None:
        journal = Journal(path, base_url=SERVER)
        for count in range(20):
            journal.write("order", order_number=f"{number}-{count}", note="x" * 3000)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries, spoiled = read_torn_journal(path)
    assert (len(entries), spoiled) == (100, [])


@pytest.mark.parametrize(
    "content",
    [b"[1]", b"hello\nworld\n", b'{"verdict": "green"}', b"\xff\xfe", b"[" * 100_000],
)
def test_a_file_that_is_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    """In one line, and nothing is called."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(CleaningRefused, match="this is no journal") as caught:
        clean_up(path, {})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "none.jsonl", "a\x00b"])
def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    """A folder, nothing, or no path at all."""
    with pytest.raises(JournalError, match="cannot be read"):
        read_journal(tmp_path / name)


def test_what_cannot_be_written_down_is_not_made(tmp_path: Path) -> None:
    """A folder in the journal's place; a disk that is full answers the same way."""
    folder = tmp_path / "journal.jsonl"
    folder.mkdir()
    with pytest.raises(JournalError, match="no journal can be kept"):
        Journal(folder).begin()
    with pytest.raises(Denied, match="cannot be written"):
        Journal(folder).write("order")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_a_full_disk_ends_what_would_be_made() -> None:
    """The run is then inconclusive, and says why."""
    with pytest.raises(Denied, match="No space left"):
        Journal(Path("/dev/full")).write("order")
