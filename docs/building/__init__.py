"""What Sphinx is told beside the pages: generated ones, links to the project's files, Arabic.

Nothing of it is committed: rules, commands, options, hooks and the report's schema are read from
the code when the documents are built.
"""

from typing import Any

from . import arabic, links, project, rules, sections

__all__ = ["setup"]


def setup(app: Any) -> dict[str, Any]:
    """Sphinx calls it."""
    app.connect("config-inited", _generate)
    app.connect("source-read", sections.fill_in)
    app.connect("source-read", links.lead_on)
    app.connect("doctree-resolved", rules.link_ids)
    app.connect("html-page-context", arabic.turn)
    app.connect("html-page-context", rules.share_tree, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _generate(app: Any, _config: Any) -> None:
    rules.write_pages(app.srcdir)
    project.write_pages(app.srcdir)
