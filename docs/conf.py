"""How Sphinx builds these pages: `make docs`."""

from cnnspec import __version__

project = "cnnspec"
author = "the cnnspec authors"
release = __version__

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "cnnspec"
exclude_patterns = ["_build"]
suppress_warnings = ["misc.highlighting_failure"]
