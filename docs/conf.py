"""Settings of Sphinx for both languages; `python -m docs` names the language and the folder of its pages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from sphinx.application import Sphinx

project = "chatd"
author = "The chatd contributors"
project_copyright = "The chatd contributors, Apache License 2.0"
extensions = ["myst_parser", "docs.site.sources", "docs.site.bigrams"]

myst_heading_anchors = 4
myst_url_schemes = [
    "http",
    "https",
    "mailto",
    "source",
]  # `source:` is what docs.site.sources makes of links into the code

html_theme = "furo"
html_static_path = ["site/_static"]
html_css_files = ["pages.css"]
templates_path = ["site/_templates"]
html_copy_source = False
html_show_sphinx = False
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/languages.html",
        "sidebar/scroll-end.html",
    ]
}
html_theme_options: dict[str, Any] = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "native"
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_ignore = [r"source:.*"]  # these are files, and reading the page has found them


def setup(app: Sphinx) -> None:
    app.connect("config-inited", _name)


def _name(_app: Sphinx, config: Any) -> None:
    config.html_title = "chatd 文档" if config.language.startswith("zh") else "chatd documents"
