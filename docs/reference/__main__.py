"""Writes the reference pages: `python -m docs.reference [--missing]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from docs.reference import DOCS, LANGUAGES, Words
from docs.reference.lines import with_lines
from docs.reference.pages import PAGES, render


def forget(page: str, sentences: list[str]) -> None:
    """Sentences that the code does not say any more take their Chinese with them."""
    path = Path(__file__).parent / "zh" / f"{page}.toml"
    if sentences:
        gone = tuple(f"{json.dumps(english, ensure_ascii=False)} = " for english in sentences)
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not line.startswith(gone)), encoding="utf-8")


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
            words = Words(page, language)
            text = render(page, words)
            forget(page, words.unused)
            (DOCS / language / "reference" / f"{page}.md").write_text(text, encoding="utf-8")
    for path in DOCS.glob("*/*.md"):
        text = path.read_text(encoding="utf-8")
        path.write_text(with_lines(text, path.parent), encoding="utf-8")


if __name__ == "__main__":
    main()
