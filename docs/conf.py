"""How the documents are built: ``nox -s docs``, strictly, and without the network."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from points_conformance import __version__  # noqa: E402 - the folder comes first

project = "points-conformance"
author = "The points-conformance maintainers"
release = version = __version__
language = "en"

extensions = ["myst_parser", "building"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "building", "README.md"]
templates_path = ["_templates"]
nitpicky = True
smartquotes = False  # what is quoted is quoted to the letter

myst_enable_extensions = ["colon_fence", "tasklist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "furo"
html_title = "points-conformance"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"top_of_page_buttons": []}
html_use_index = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

# Other sites are not asked: the build needs no network.
linkcheck_ignore = ["https://", "http://"]
