"""What somebody typed into the search field: which words must be there, and where they stand in a text.

Everything is text. What is between quotes stays together, what is written without a space too; all of it must be there.
There are no operators, so nothing that is typed can reach the index as anything but words.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from chatd.search.tokens import Term, needed_tokens, runs_of, terms_of

_PART: Final = re.compile(r'["“”„]([^"“”„]*)["“”„]|([^\s"“”„]+)')
SPANS_MAX: Final = 50
"""Places that are shown in one message."""
BEFORE_HIT: Final = 20
"""Code points of a snippet before the first place."""


class Query(NamedTuple):
    """`phrases`: their terms. `tokens`: what the index is asked for."""

    phrases: tuple[tuple[Term, ...], ...]
    tokens: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many terms were typed."""
        return sum(map(len, self.phrases))


class Snippet(NamedTuple):
    """A piece of a text that begins at `offset`; the places of what was found are relative to it. In code points."""

    text: str
    offset: int
    highlights: list[tuple[int, int]]


def parse_query(text: str) -> Query:
    """Read a query; one without phrases asks for nothing."""
    parts = [quoted or plain for quoted, plain in _PART.findall(text)]
    phrases = tuple(tuple(terms) for terms in map(terms_of, parts) if terms)
    tokens = dict.fromkeys(token for phrase in phrases for token in needed_tokens(runs_of(phrase)))
    return Query(phrases, tuple(tokens))


def find_spans(query: Query, text: str) -> list[tuple[int, int]]:
    """Where the phrases stand in a text, in order and without overlaps; nothing unless each of them is there."""
    terms = terms_of(text)
    found: list[tuple[int, int]] = []
    for phrase in query.phrases:
        places = [i for i in range(len(terms) - len(phrase) + 1) if _stands_at(phrase, terms, i)]
        if not places:
            return []
        found += [(terms[i].begin, terms[i + len(phrase) - 1].end) for i in places]
    return _joined(sorted(found))


def _stands_at(phrase: tuple[Term, ...], terms: list[Term], at: int) -> bool:
    for index, term in enumerate(phrase):
        there = terms[at + index]
        if there.text != term.text or there.kind != term.kind:
            return False
        # Characters that were typed together are together; between words there may be a comma.
        if index and term.glued and term.kind == phrase[index - 1].kind == "char" and not there.glued:
            return False
    return True


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def cut_snippet(text: str, spans: list[tuple[int, int]], length: int) -> Snippet:
    """The piece of at most `length` code points around the first place."""
    offset = 0
    if len(text) > length:
        offset = max(0, min(spans[0][0] - BEFORE_HIT, len(text) - length))
    end = min(len(text), offset + length)
    inside = [(max(a, offset) - offset, min(b, end) - offset) for a, b in spans if a < end and b > offset]
    return Snippet(text[offset:end], offset, inside[:SPANS_MAX])
