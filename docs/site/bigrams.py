"""Searching in the Chinese pages: by pairs of neighbouring characters, in the index as in the question.

Sphinx splits Chinese by a dictionary when it makes the index, and not at all what a reader types, so that most words are
not found. Pairs need no dictionary and are the same on both sides; the server's own search works alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from sphinx.application import Sphinx
from sphinx.search import SearchLanguage

JAVASCRIPT: Final = """
function splitQuery(query) {
  const words = [];
  for (const run of query.match(/[\\u3400-\\u9fff]+|(?:(?![\\u3400-\\u9fff])[\\p{Letter}\\p{Number}_])+/gu) || []) {
    if (!/^[\\u3400-\\u9fff]{3,}$/.test(run)) words.push(run);
    else for (let i = 0; i + 2 <= run.length; i++) words.push(run.slice(i, i + 2));
  }
  return words;
}
"""


class ChineseByPairs(SearchLanguage):
    """Words of letters as they are; of a run of Chinese every pair of neighbours, and a run of one character itself."""

    lang = "zh"
    language_name = "Chinese"
    js_splitter_code = JAVASCRIPT

    def split(self, input: str) -> list[str]:  # noqa: A002 - the name that Sphinx gives it
        return list(pieces(input))

    def stem(self, word: str) -> str:
        return word.lower()

    def word_filter(self, word: str) -> bool:
        return bool(word)


def pieces(text: str) -> Iterator[str]:
    for run in re.findall(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+", text):
        if "\u3400" <= run[0] <= "\u9fff" and len(run) > 2:
            yield from (run[place : place + 2] for place in range(len(run) - 1))
        else:
            yield run


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_search_language(ChineseByPairs)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
