"""The single files here are tests of this project as well. The small whole projects are not: each
has its own packages and its own settings, and ``tests/examples`` runs them.
"""

from pathlib import Path

collect_ignore = [path.name for path in Path(__file__).parent.iterdir() if path.is_dir()]
