"""Which worker of pytest-xdist judges which rules, where the command asks for several.

A scheduler of our own: xdist's ``loadgroup`` renames the tests, and does nothing under some
versions of pytest.
"""

from collections.abc import Mapping
from typing import Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

__all__ = ["RuleScheduling"]


class RuleScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Rules of one group go to one worker, in their order."""

    def __init__(self, config: Any, log: Any, groups: Mapping[str, str]) -> None:
        super().__init__(config, log)
        self._groups = groups

    def _split_scope(self, nodeid: str) -> str:
        rule = nodeid.rpartition("[")[2].removesuffix("]")
        return self._groups.get(rule, nodeid)
