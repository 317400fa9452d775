"""The files of a report directory. Nothing heavy is imported here: every command looks at them."""

from typing import Final

__all__ = ["FILES", "FOR_OTHERS", "JSON", "TEST_RESULTS"]

#: The run for this kit's own programs, which alone says how it ended.
JSON: Final = "report.json"
#: The same for CI systems, which count tests: there is none where nothing was judged.
TEST_RESULTS: Final = ("junit.xml", "ctrf.json")
#: All but the first: they go when a run begins, and come when it is over.
FOR_OTHERS: Final = ("report.html", "report.md", *TEST_RESULTS)
FILES: Final = (JSON, *FOR_OTHERS)
