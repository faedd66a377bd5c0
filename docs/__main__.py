"""Builds the site: `python -m docs [--links] [OUT]`, into build/docs if no folder is named.

Every warning ends it: a page that nothing leads to, a link or an anchor that is not there, a name that means nothing.
With `--links` what lies outside is asked for too; that needs a network.
"""

from __future__ import annotations

import sys
from pathlib import Path

from docs.reference import DOCS, LANGUAGES, ROOT

LOCALES = {"en": "en", "zh": "zh_CN"}
DOOR = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>chatd</title>
<p><a href="en/index.html" lang="en">English</a> · <a href="zh/index.html" lang="zh">中文</a></p>
<script>location.replace((navigator.language.startsWith("zh") ? "zh" : "en") + "/index.html")</script>
</html>
"""


def build(out: Path, builder: str = "html") -> int:
    """Both languages. The status is that of Sphinx: 0 if there was nothing to say."""
    from sphinx.cmd.build import build_main

    for language in LANGUAGES:
        strict = ["--nitpicky", "--fail-on-warning", "--keep-going", "--quiet"]
        where = ["-c", str(DOCS), "-d", str(out / ".trees" / language), str(DOCS / language), str(out / language)]
        if status := build_main([*strict, "-b", builder, "-D", f"language={LOCALES[language]}", *where]):
            return status
    if builder == "html":
        (out / "index.html").write_text(DOOR, encoding="utf-8")
    return 0


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--links"]
    out = Path(words[0]) if words else ROOT / "build" / "docs"
    if "--links" in sys.argv[1:]:
        sys.exit(build(out.with_name(f"{out.name}-links"), "linkcheck"))
    status = build(out)
    if not status:
        print(f"the documents are in {out}: open {out / 'index.html'}")
    sys.exit(status)


if __name__ == "__main__":
    main()
