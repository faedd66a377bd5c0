"""Text as terms: what is indexed and what is looked for, cut in the same way on every database.

Each term knows where it stands in the text, in code points. There are three kinds:

    char   one character of a script without spaces between words (Chinese, kana, hangul, Thai, …)
    word   letters, digits and marks of all other scripts, in one piece
    sign   one emoji or other symbol

Forms are folded: compatibility forms and widths (NFKC), case, and the accents of Latin, Greek and Cyrillic letters, so
that `CAFÉ`, `ｃａｆｅ` and `café` are one word. Letters that Unicode does not take apart (ø, đ, ł) stay as they are,
and so do voiced kana and the vowel signs of Indic scripts. Traditional and simplified characters are not unified: which
of them mean the same depends on the sentence, and nobody who searches for 后 wants every 後.
What is invisible (zero width, variation selectors, skin tones) is skipped; all else separates.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

VERSION: Final = 1
"""To be raised when the same text gives other terms: indexes of another version are made anew."""
WORD_MAX: Final = 64
"""Longer words are cut into pieces of this length."""

_SEPARATOR, _SKIPPED = "separator", "skipped"
_CHARS: Final = (
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF)),  # Thai and Lao, Myanmar, Khmer
    *((0x3005, 0x3007), (0x3021, 0x3029), (0x3041, 0x30FA), (0x30FC, 0x318F), (0x31A0, 0x31FF)),  # kana, bopomofo, jamo
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA000, 0xA48C), (0xAC00, 0xD7AF), (0x20000, 0x3FFFF)),  # ideographs, hangul
)
_IDEOGRAPHS: Final = "\u3400-\u4dbf\u4e00-\u9fff"
_PLAIN: Final = re.compile(rf"[\x00-\x7f{_IDEOGRAPHS}、。，！？：；（）《》【】“”‘’…—]*")
_PLAIN_RUN: Final = re.compile(rf"[0-9A-Za-z]{{1,{WORD_MAX}}}|[{_IDEOGRAPHS}]+")
"""Most messages are of nothing but ASCII, ideographs and these marks: capitals are all there is to fold, and what is no
letter, digit or ideograph separates. To cut them so is a tenth of the work."""
_TONES: Final = (0x1F3FB, 0x1F3FF)
_PICTURES: Final = (0x1F000, 0x1FAFF)


class Term(NamedTuple):
    """`text` is folded. `glued`: it follows the term before it with nothing between."""

    text: str
    kind: str
    begin: int
    end: int
    glued: bool


def terms_of(text: str) -> list[Term]:
    """The terms in the order of the text."""
    found: list[Term] = []
    glued, at = False, 0
    for cluster in _clusters(text):
        begin, at = at, at + len(cluster)
        for kind, folded in _fold(cluster):
            if kind == _SEPARATOR:
                glued = False
            elif kind == "word" and glued and found[-1].kind == "word" and len(found[-1].text) < WORD_MAX:
                last = found[-1]
                found[-1] = Term(last.text + folded, "word", last.begin, at, last.glued)
            elif kind != _SKIPPED:
                found.append(Term(folded, kind, begin, at, glued and bool(found)))
                glued = True
    return found


def runs_in(text: str) -> str:
    """`runs_of` the terms of a text."""
    if _PLAIN.fullmatch(text):
        return " ".join(_PLAIN_RUN.findall(text)).lower()
    return runs_of(terms_of(text))


def runs_of(terms: Iterable[Term]) -> str:
    """The terms as text: neighbouring characters in one piece, everything else apart. All that the index keeps."""
    pieces: list[str] = []
    last = ""
    for term in terms:
        if term.kind == last == "char" and term.glued:
            pieces[-1] += term.text
        else:
            pieces.append(term.text)
        last = term.kind
    return " ".join(pieces)


def tokens_of(runs: str) -> list[str]:
    """What the index is asked by, each once: words, signs, single characters, and every two that stand together."""
    tokens: dict[str, None] = {}
    for piece in runs.split():
        if is_char(piece[0]):
            tokens.update(dict.fromkeys(piece))
            tokens.update(dict.fromkeys(map("".join, pairwise(piece))))
        else:
            tokens[piece] = None
    return list(tokens)


def needed_tokens(runs: str) -> list[str]:
    """The same for what is looked for: a single character only where it stands alone."""
    tokens: dict[str, None] = {}
    for piece in runs.split():
        pairs = [piece[i : i + 2] for i in range(len(piece) - 1)] if is_char(piece[0]) else []
        tokens.update(dict.fromkeys(pairs or [piece]))
    return list(tokens)


def is_char(char: str) -> bool:
    """Whether it belongs to a script that is written without spaces between words."""
    code = ord(char)
    return any(first <= code <= last for first, last in _CHARS)


def _clusters(text: str) -> list[str]:
    """Each character with the marks that belong to it. Most texts have none."""
    if text.isascii():
        return list(text)
    clusters: list[str] = []
    for char in text:
        if clusters and _joins(char):
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters


@lru_cache(65_536)
def _joins(char: str) -> bool:
    return unicodedata.combining(char) != 0 or "\u1160" <= char <= "\u11ff" or char in "\uff9e\uff9f"


@lru_cache(65_536)
def _fold(cluster: str) -> tuple[tuple[str, str], ...]:
    """What is left of a character when its form does not count: kinds with folded text, words in one piece."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cluster).casefold())
    apart = unicodedata.normalize("NFD", plain)
    plain = unicodedata.normalize("NFC", "".join(c for c in apart if not "\u0300" <= c <= "\u036f"))
    found: list[tuple[str, str]] = []
    for char in plain:
        kind = _kind(char)
        if kind == "word" and found and found[-1][0] == "word":
            found[-1] = ("word", found[-1][1] + char)
        else:
            found.append((kind, char))
    return tuple(found) or ((_SKIPPED, ""),)


def _kind(char: str) -> str:
    code, category = ord(char), unicodedata.category(char)
    if category == "Cf" or "\ufe00" <= char <= "\ufe0f" or 0xE0100 <= code <= 0xE01EF or char == "\u20e3":
        return _SKIPPED
    if _TONES[0] <= code <= _TONES[1]:
        return _SKIPPED
    if category[0] in "LMN":
        return "char" if is_char(char) else "word"
    if category == "So" or (category == "Cn" and _PICTURES[0] <= code <= _PICTURES[1]):
        return "sign"
    return _SEPARATOR
