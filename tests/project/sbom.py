"""The bill of materials of a release: ``python -m tests.project.sbom WHEEL FILE``.

CycloneDX, made by cyclonedx-bom (extra ``release``) of a fresh environment in which there is the
wheel with the extras of users, and nothing else: no pip, nothing of this project's tests.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from packaging.utils import parse_wheel_filename

__all__ = ["EXTRAS", "make"]

ROOT = Path(__file__).parents[2]
#: Those that users install.
EXTRAS = "api,spread"


def make(wheel: Path, file: Path) -> None:
    """Write the bill of a wheel; raises :class:`subprocess.CalledProcessError`."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder, "fresh")
        venv.create(fresh, with_pip=False)
        _run("pip", "--python", fresh, "install", "-q", f"{wheel.absolute()}[{EXTRAS}]")
        project = Path(folder, "pyproject.toml")
        project.write_text(_with_version(wheel), encoding="utf-8")
        _run(
            *("cyclonedx_py", "environment", "--pyproject", project, "--mc-type", "library"),
            *("--output-reproducible", "--validate", "--output-file", file.absolute(), fresh),
        )


def _with_version(wheel: Path) -> str:
    """The project's own table with the version that the wheel has."""
    version = parse_wheel_filename(wheel.name)[1]
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return text.replace('dynamic = ["version"]', f'version = "{version}"')


def _run(module: str, *arguments: object) -> None:
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True)


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
    told = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    print(f"{sys.argv[2]}: {len(told['components'])} components")
