"""Writes the reference pages: `python -m docs.reference [--missing]`."""

from __future__ import annotations

import json
import sys

from docs.reference import DOCS, LANGUAGES, Words
from docs.reference.lines import with_lines
from docs.reference.pages import PAGES, render


def main() -> None:
    if "--missing" in sys.argv[1:]:
        for page in PAGES:
            words = Words(page, "zh")
            render(page, words)
            for english in words.missing:
                print(f"{page}: {json.dumps(english, ensure_ascii=False)} = ", file=sys.stdout)
        return
    for language in LANGUAGES:
        for page in PAGES:
            text = render(page, Words(page, language))
            (DOCS / language / "reference" / f"{page}.md").write_text(text, encoding="utf-8")
    for path in DOCS.glob("*/*.md"):
        text = path.read_text(encoding="utf-8")
        path.write_text(with_lines(text, path.parent), encoding="utf-8")


if __name__ == "__main__":
    main()
