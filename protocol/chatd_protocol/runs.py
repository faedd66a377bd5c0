"""How a title is taken apart, and what is asked for in it: runs of characters that belong together.

Chinese, Japanese and Korean have no spaces between words, so there a run is whatever stands together; of other scripts
it is a word. Case and width do not matter (NFKC, Unicode Standard Annex 15).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

PARTS_MAX: Final = 10
"""Words of a query that count where titles are looked through one by one."""
_UNSPACED: Final = (
    "\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUNS: Final = re.compile(rf"([{_UNSPACED}]+)|((?:(?![{_UNSPACED}])\w)+)")


def runs_of(text: str) -> Iterator[tuple[str, bool]]:
    """The runs of a text, each with whether its script puts spaces between words."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    for match in _RUNS.finditer(plain):
        yield match[0], match[1] is None


def line_of(title: str) -> str:
    """What a title can be found by where titles are looked through one by one: its runs, each behind a space; never
    empty."""
    return " " + " ".join(run for run, _ in runs_of(title))


def parts_asked(text: str) -> list[str]:
    """What the line of a title has to have in it in order to answer a query, each once and `PARTS_MAX` at the most:
    words of Chinese, Japanese and Korean anywhere, others where a word begins."""
    parts = dict.fromkeys(f" {run}" if spaced else run for run, spaced in runs_of(text))
    return list(parts)[:PARTS_MAX]
