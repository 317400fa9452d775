"""Several reports of one subject over time: a row for each rule that changed, a column for each
report; causes that came and went, readings that changed. For the terminal, as markdown and HTML.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

from points_conformance.report.diff import (
    Difference,
    DiffError,
    diff,
    diff_lines,
    likely_causes,
    load_report,
)
from points_conformance.report.text import counted, plain, shortened

__all__ = ["FORMATS", "Releases", "as_html", "as_lines", "as_markdown", "diff_files"]
__all__ += ["load_releases"]

Report = Mapping[str, Any]
_ABSENT: Final = "absent"
_CELL: Final = 16


@dataclass(frozen=True, slots=True)
class Row:
    """One matter, and what each report says of it."""

    name: str
    cells: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether the reports differ in it."""
        return len(set(self.cells)) > 1


@dataclass(frozen=True, slots=True)
class Releases:
    """Reports of one subject, the oldest first, with their names."""

    names: tuple[str, ...]
    reports: tuple[Report, ...]

    @property
    def latest(self) -> Difference:
        """What the last one changed against the one before it: what the exit status is about."""
        return diff(self.reports[-2], self.reports[-1])

    def verdicts(self) -> Row:
        """The verdict of each."""
        return Row("verdict", tuple(report["verdict"] for report in self.reports))

    def causes(self) -> list[Row]:
        """In which reports each likely cause is; nothing is known of those from before causes."""
        each = [likely_causes(report) for report in self.reports]
        titles: dict[str, str] = {}
        for found in each:
            titles |= found or {}
        return [
            Row(title, tuple("?" if f is None else "likely" if id_ in f else "" for f in each))
            for id_, title in titles.items()
        ]

    def rules(self) -> list[Row]:
        """The rules whose verdict is not the same in all."""
        each = [{row["id"]: row["verdict"] for row in report["rules"]} for report in self.reports]
        return _changed(each)

    def readings(self) -> list[Row]:
        """The readings that are not the same in all."""
        return _changed([dict(report["readings"]) for report in self.reports])

    def tables(self) -> list[tuple[str, list[Row]]]:
        """All that has anything to show, with its title."""
        tables = [
            ("most likely causes", self.causes()),
            ("rules that changed", self.rules()),
            ("readings that changed", self.readings()),
        ]
        return [("verdicts", [self.verdicts()]), *((t, rows) for t, rows in tables if rows)]


def _changed(each: Sequence[Mapping[str, Any]]) -> list[Row]:
    ids = dict.fromkeys(id_ for one in each for id_ in one)
    rows = [Row(id_, tuple(str(one.get(id_, _ABSENT)) for one in each)) for id_ in ids]
    return [row for row in rows if row.changed]


def load_releases(paths: Sequence[Path]) -> Releases:
    """Read the reports, the oldest first. Raises :class:`DiffError` where one is none, or where
    their subjects differ.
    """
    if len(paths) < 2:
        raise DiffError("name two reports or more: the older ones first")
    reports = tuple(load_report(path) for path in paths)
    for report in reports[1:]:
        if report["subject"] != reports[0]["subject"]:
            raise DiffError(f"the subjects differ: {reports[0]['subject']} and {report['subject']}")
    return Releases(_named(paths), reports)


def diff_files(*paths: Path) -> tuple[list[str], int]:
    """The lines to print and the status to exit with: 0, 1 if worse, 2 if not comparable."""
    try:
        releases = load_releases(paths)
    except DiffError as error:
        return [str(error)], 2
    return as_lines(releases), releases.latest.exit_status


def _named(paths: Sequence[Path]) -> tuple[str, ...]:
    """The folder of each report.json, else the file; the whole path where that is not enough."""
    short = [p.absolute().parent.name if p.name == "report.json" else p.stem for p in paths]
    each = short if len(set(short)) == len(short) else [str(path) for path in paths]
    return tuple(map(plain, each))


# ---------------------------------------------------------------------- terminal
def as_lines(releases: Releases) -> list[str]:
    """What the command prints: of two what changed, of more a table first."""
    changes = diff_lines(releases.latest)
    if len(releases.reports) == 2:
        return changes
    lines = [f"{n}  {name}" for n, name in enumerate(releases.names, start=1)]
    for title, rows in releases.tables():
        width = max(len(plain(row.name)) for row in rows)
        lines += ["", f"{title}:"]
        lines += [f"  {'':{width}}  {_cells(map(str, range(1, len(releases.names) + 1)))}"]
        lines += [f"  {plain(row.name):{width}}  {_cells(row.cells)}" for row in rows]
    return [*lines, "", f"{releases.names[-1]}, since {releases.names[-2]}:", "", *changes]


def _cells(cells: Any) -> str:
    return "  ".join(f"{shortened(plain(cell), 60):{_CELL}}" for cell in cells).rstrip()


# ---------------------------------------------------------------------- markdown
def as_markdown(releases: Releases) -> str:
    """The tables for a job summary or a pull request."""
    blocks = [f"## {_subject(releases)}"]
    for title, rows in releases.tables():
        head = "| | " + " | ".join(map(_code, releases.names)) + " |"
        rule = "| --- " * (len(releases.names) + 1) + "|"
        body = ["| " + " | ".join(map(_code, (row.name, *row.cells))) + " |" for row in rows]
        blocks.append("\n".join([f"### {title}", "", head, rule, *body]))
    lines = [_item(line) for line in diff_lines(releases.latest)]
    since = f"### {_code(releases.names[-1])} since {_code(releases.names[-2])}"
    blocks.append("\n".join([since, "", *(line for line in lines if line)]))
    return "\n\n".join(blocks) + "\n"


def _item(line: str) -> str:
    return f"- {_code(line.strip())}" if line.startswith("  ") else line and f"\n{_code(line)}\n"


def _code(text: str) -> str:
    """Inline code, in which neither a bar nor a backtick works."""
    line = " ".join(plain(shortened(text, 200)).split())
    return f"`{line.replace('`', chr(0x2019)).replace('|', '∣')}`" if line else ""


# ---------------------------------------------------------------------- HTML
_STYLE: Final = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 0 auto; padding: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { text-align: start; padding: .25rem .75rem; border-bottom: 1px solid #8888; }
thead th { white-space: nowrap; }
td.failed, td.error { font-weight: 600; }
td.failed::before { content: "✗ "; }
td.passed::before, td.observed::before { content: "✓ "; }
"""


def as_html(releases: Releases) -> str:
    """One page that needs no network."""
    title = escape(_subject(releases))
    tables = "\n".join(_table(t, rows, releases.names) for t, rows in releases.tables())
    lines = escape("\n".join(diff_lines(releases.latest)))
    since = escape(f"{releases.names[-1]}, since {releases.names[-2]}")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{title}</h1>\n{tables}\n<h2>{since}</h2>\n"
        f'<pre class="wide" tabindex="0">{lines}</pre>\n</main>\n</body>\n</html>\n'
    )


def _table(title: str, rows: Sequence[Row], names: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "\n".join(
        f'<tr><th scope="row">{_text(row.name)}</th>{"".join(map(_td, row.cells))}</tr>'
        for row in rows
    )
    return (
        f'<h2>{escape(title)}</h2>\n<div class="wide" tabindex="0" role="region" '
        f'aria-label="{escape(title)}"><table>\n<thead><tr><th scope="col">what</th>{head}</tr>'
        f"</thead>\n<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _td(cell: str) -> str:
    kind = cell if cell in ("failed", "error", "passed", "observed") else ""
    return f'<td class="{kind}" dir="auto">{_text(cell)}</td>'


def _text(text: str) -> str:
    return escape(plain(shortened(text, 300)))


def _subject(releases: Releases) -> str:
    number = counted(len(releases.reports), "report")
    return f"points-conformance {plain(str(releases.reports[-1]['subject']))}: {number} over time"


#: The formats that are written into files, by the option that asks for each.
FORMATS: Final[Mapping[str, Callable[[Releases], str]]] = {
    "markdown": as_markdown,
    "html": as_html,
}
