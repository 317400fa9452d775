"""The picture of a failing report: ``python -m tests.project.picture`` draws it from a real run.

The tutorial's shop is judged as the tutorial says, and what the terminal tells is drawn.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.cli.command import COMMAND, environment
from tests.project.pages import ROOT, blocks_of

__all__ = ["PICTURE", "drawn", "told"]

PICTURE: Final = ROOT / "docs" / "images" / "failing-report.svg"
_COLUMNS: Final = 92
#: What of the run is in the picture: from the verdict to the command that shows it again.
_FROM, _TO = re.compile(r"^not conformant: "), re.compile(r"^  again ")
_OPTIONS: Final = ("--app", "shop:app", "--url", "/webhooks/points", "--state-url")
_OPTIONS_MORE: Final = ("/orders/{order_id}", "--profile", "smoke")


def told() -> list[str]:
    """What the terminal tells of the tutorial's first shop."""
    shop = next(block for block in blocks_of("docs/tutorial.md") if block.file == "shop.py")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "shop.py").write_text(shop.text, encoding="utf-8")
        done = subprocess.run(
            [*COMMAND, "consumer", *_OPTIONS, *_OPTIONS_MORE],
            cwd=folder,
            env=environment(POINTS_WEBHOOK_SECRET="made-up-for-tests-0123456789abcdef")
            | {"COLUMNS": str(_COLUMNS), "LANG": os.environ.get("LANG", "C.UTF-8")},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    lines = done.stdout.splitlines()
    first = next(n for n, line in enumerate(lines) if _FROM.match(line))
    last = next(n for n, line in enumerate(lines) if _TO.match(line))
    return lines[first : last + 1]


def drawn(lines: list[str]) -> str:
    """The lines as an SVG of a terminal, with nothing that is loaded from elsewhere."""
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    console = Console(record=True, width=_COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115
    for line in lines:
        text = Text(line)
        text.highlight_regex(r"^not conformant.*", "bold red")
        text.highlight_regex(r"^(?:most|also) likely:.*", "bold yellow")
        text.highlight_regex(r"^  (?:explains|shown by|expected|got|story|costs|again)\b", "cyan")
        text.highlight_regex(r"merchant: [\d.]+ SAR", "bold red")
        console.print(text, soft_wrap=False)
    svg = console.export_svg(title="points-conformance consumer", theme=MONOKAI, unique_id="report")
    # Fonts of the machine that shows it: a document calls nobody.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    label = "A failing report on the terminal: verdict, cause, story, cost, and the command again."
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn(told()), encoding="utf-8")
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size} bytes\n")
