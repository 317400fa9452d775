"""Which part may import which (ARCHITECTURE.md) is checked, not drawn."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_every_import_keeps_to_the_floors() -> None:
    """No part imports from a floor above it, the ledger is pure, and there is no circle."""
    pytest.importorskip("importlinter", reason="import-linter is in the extra test")
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
