"""How Sphinx builds these pages: `make docs`."""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

from cnnspec import __version__

sys.path.insert(0, str(Path(__file__).parent))

project = "cnnspec"
author = "the cnnspec authors"
release = __version__

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["misc.highlighting_failure"]  # the examples of what is wrong

html_theme = "furo"
html_title = "cnnspec"
exclude_patterns = ["_build"]


def link_inside(app: Sphinx, document: str, source: list[str]) -> None:
    """The page of a finding is a file in the repository, and here a section of `findings`."""
    del app
    if document == "findings":
        linked = re.sub(r"\]\(\.\./cnnspec/diagnostics/pages/([\w-]+)\.md\)", r"](#\1)", source[0])
        source[0] = re.sub(r"(```\{include\} \S+/([\w-]+)\.md)", r"(\2)=\n\1", linked)


def setup(app: Sphinx) -> None:
    """Colour the specs; link the pages of findings."""
    from cnn_lexer import CnnLexer  # noqa: PLC0415 - found through the path set above

    for name in ("cnn", "cnnspec"):
        app.add_lexer(name, CnnLexer)
    app.connect("source-read", link_inside)
