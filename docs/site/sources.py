"""Links of the pages into the repository: a file of code becomes a page of the site, with a number at each line.

The same link leads to the file where the repository is browsed as it is. A link to a file or a line that is not there
is a warning, and warnings end the build. `protocol/README.md` is a page of its own, `protocol`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.osutil import relative_uri

ROOT: Final = Path(__file__).parents[2]
LINK: Final = re.compile(r"\]\(((?!\w+:|#|/)[^)\s]+)\)")
WHOLE: Final = re.compile(r"^<!-- all of (\S+) -->$", re.MULTILINE)
SCHEME: Final = "source:"
PICTURES: Final = frozenset({".svg", ".png"})  # Sphinx takes along what it shows, wherever that lies
_log = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", read)
    app.connect("doctree-resolved", resolve)
    app.connect("html-collect-pages", pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def read(app: Sphinx, docname: str, source: list[str]) -> None:
    """Links that leave the folder of the pages are written anew; a whole file that a page asks for is put in."""
    page = Path(app.env.doc2path(docname))
    if asked := WHOLE.search(source[0]):
        path = ROOT / asked[1]
        app.env.note_dependency(str(path))
        source[0] = _rewritten(app, docname, path, path.read_text(encoding="utf-8"))
    else:
        source[0] = _rewritten(app, docname, page, source[0])


def _rewritten(app: Sphinx, docname: str, file: Path, text: str) -> str:
    def put(link: re.Match[str]) -> str:
        path, _, anchor = link[1].partition("#")
        target = (file.parent / path).resolve()
        if target.is_relative_to(app.srcdir) or target.suffix in PICTURES:
            return link[0]
        if target == ROOT / "protocol" / "README.md":
            return f"](/protocol.md{'#' + anchor if anchor else ''})"
        if (problem := _problem(target, anchor)) is not None:
            _log.warning("%s: %s", link[1], problem, location=docname)
        return f"]({SCHEME}{target.relative_to(ROOT)}{'#' + anchor if anchor else ''})"

    return LINK.sub(put, text)


def _problem(target: Path, anchor: str) -> str | None:
    if not target.is_relative_to(ROOT) or not target.exists():
        return "there is no such file"
    if not anchor or target.suffix == ".md":
        return None
    line = re.fullmatch(r"L(\d+)", anchor)
    if line is None or target.is_dir() or int(line[1]) > len(target.read_text(encoding="utf-8").splitlines()):
        return "there is no such line"
    return None


def resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for node in doctree.findall(nodes.reference):
        if (uri := node.get("refuri", "")).startswith(SCHEME):
            path, _, anchor = uri.removeprefix(SCHEME).partition("#")
            _used(app)[path] = None
            here = app.builder.get_target_uri(docname)
            there = app.builder.get_target_uri(_page_of(path)) + (f"#{anchor}" if _is_line(anchor) else "")
            node["refuri"] = relative_uri(here, there)


def _is_line(anchor: str) -> bool:
    return re.fullmatch(r"L\d+", anchor) is not None


def _page_of(path: str) -> str:
    return f"_source/{path}"


def _used(app: Sphinx) -> dict[str, None]:
    """Kept with the environment, for a build that reads only what has changed."""
    if not hasattr(app.env, "chatd_sources"):
        app.env.chatd_sources = {}  # type: ignore[attr-defined]  # as extensions of Sphinx keep things
    used: dict[str, None] = app.env.chatd_sources  # type: ignore[attr-defined]
    return used


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    for path in sorted(_used(app)):
        file = ROOT / path
        body = _folder(file) if file.is_dir() else _code(file)
        yield _page_of(path), {"title": path, "body": f"<h1>{path}</h1>\n{body}"}, "page.html"


def _folder(folder: Path) -> str:
    names = sorted(
        f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir() if path.name[0] not in "._"
    )
    return "<ul>" + "".join(f"<li><code>{name}</code></li>" for name in names) + "</ul>"


def _code(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    try:
        lexer = get_lexer_for_filename(PurePosixPath(file).name, stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    formatter = HtmlFormatter(linenos="inline", lineanchors="L", anchorlinenos=False)
    return re.sub(r'id="L-(\d+)"', r'id="L\1"', highlight(text, lexer, formatter)).replace('name="L-', 'name="L')
