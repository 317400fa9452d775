"""What pytest's configuration says of a run."""

from pathlib import Path
from typing import Any

import pytest

__all__ = ["SHARED", "option", "shared_folder"]

#: The folder of a run with workers of pytest-xdist, by its name; it is made when it is needed.
SHARED = pytest.StashKey[str]()


def option(config: pytest.Config, key: str) -> Any:
    """An option of the command line, else of the ini file."""
    value = getattr(config.option, f"points_{key}", None)
    return value if value is not None else config.getini(f"points_{key}")


def shared_folder(config: pytest.Config) -> Path | None:
    """The folder that the processes of a run share; its name is made up anew for each run."""
    name = getattr(config, "workerinput", {}).get("points_shared") or config.stash.get(SHARED, "")
    return Path(name) if name else None
