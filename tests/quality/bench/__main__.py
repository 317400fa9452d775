"""What the kit costs: ``python -m tests.quality.bench`` measures all and writes ``docs/speed.md``.

What is compared is measured in turn, within one run: figures are medians and this machine's; ratios
are medians of pairs and hold elsewhere as well. No test rests on any of them. ``--only NAME``
measures one thing, and writes its part of the document anew.
"""

import os
import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from tests.quality.bench import calls, runs
from tests.quality.bench.measuring import Row, Scale

__all__ = ["DOCUMENT", "MEASURES", "document", "main", "parts_of", "table"]

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "speed.md"


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure or a few. ``cheap``: a matter of seconds at a small scale."""

    rows: Callable[[Scale], Iterable[Row]]
    cheap: bool = False


MEASURES: Final[Mapping[str, Measure]] = {
    "respx": Measure(calls.respx_mount, cheap=True),
    "serve": Measure(calls.serve, cheap=True),
    "call": Measure(calls.own_share, cheap=True),
    "orders": Measure(calls.orders, cheap=True),
    "memory": Measure(calls.memory, cheap=True),
    "embedded": Measure(runs.embedded),
    "http": Measure(runs.over_http),
    "slow": Measure(runs.slow),
    "forgetful": Measure(runs.forgetful),
    "deep": Measure(runs.deep),
    "first-finding": Measure(runs.first_finding),
}


# ---------------------------------------------------------------------- telling
def table(name: str, rows: Iterable[Row]) -> str:
    """A part of the document: what is measured, when, and the figures."""
    summary = " ".join((MEASURES[name].rows.__doc__ or "").split())
    today = datetime.now(UTC).date()
    lines = [f"| {r.what} | {r.figure} | {r.beside} | {r.ratio} |" for r in rows]
    head = ["| what | figure | beside | ratio |", "| --- | --- | --- | --- |"]
    return "\n".join([f"## {name}", "", f"{summary} ({today})", "", *head, *lines, ""])


def document(parts: Mapping[str, str]) -> str:
    """All parts there are, in the order of the measures, below what they were measured on."""
    ordered = [parts[name] for name in MEASURES if name in parts]
    return "\n".join([_head(), *ordered])


def _head() -> str:
    return (
        "# What it costs\n\n"
        f"Measured by `nox -s bench` on {_machine()}. What is compared was measured in turn; "
        "figures are medians. A ratio says how many times as fast as what stands beside it.\n"
    )


def _machine() -> str:
    """Cores, processor, system, Python."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    name = model[1].strip() if model else platform.processor() or platform.machine()
    cores, version = os.cpu_count(), platform.python_version()
    return f"{cores} cores ({name}), {platform.system()}, Python {version}"


def parts_of(text: str) -> dict[str, str]:
    """The parts of a document by name."""
    found = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {
        name: f"## {name}{body.rstrip()}\n"
        for name, body in zip(found[1::2], found[2::2], strict=True)
    }


@click.command()
@click.option("--only", "names", multiple=True, type=click.Choice(list(MEASURES)))
@click.option("--write", type=click.Path(path_type=Path), default=DOCUMENT, help="the document")
def main(names: Sequence[str], write: Path) -> None:
    """Measure, print, and write each part of the document as soon as it is there."""
    for name in names or MEASURES:
        part = table(name, MEASURES[name].rows(Scale()))
        click.echo(part)
        known = parts_of(write.read_text(encoding="utf-8")) if write.exists() else {}
        write.write_text(document({**known, name: part}), encoding="utf-8")


if __name__ == "__main__":
    main()
