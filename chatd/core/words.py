"""A list of words that must not be said here, and what becomes of a text in which one stands.

Words and texts are compared as Unicode folds them (NFKC_Casefold: compatibility forms, width and case are one), with
what has no width left out; where it is set so, also without the separators between. Of words that overlap the one that
begins first counts, of those the longest. A mask keeps the length in code points, so that what points into the text
still fits. Where a list comes from, is not known here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

import ahocorasick

Action = Literal["block", "mask"]
MASK: Final = "*"
_NO_WIDTH: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of Unicode: nothing is seen of them."""
_JOINS: Final = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff\uff9e\uff9f]")
"""What composes with the one before though it is no mark: jamo, and the voicing signs of narrow kana."""
_LETTERS: Final = frozenset({"Ll", "Lu", "Lt", "Nd"})
"""Categories of scripts that put spaces between words, and of digits."""
_SEPARATORS: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sk", "Sc"})


class Found(NamedTuple):
    """A word of the list in a text: from `start` up to `end`, in code points."""

    start: int
    end: int
    action: Action


class Folded(NamedTuple):
    """A text to be compared. `spans`: for each character where it comes from; None if each comes from its own place."""

    text: str
    spans: list[tuple[int, int]] | None


def fold(text: str, *, skip_separators: bool = False) -> Folded:
    """The text as it is compared."""
    plain = text.casefold()
    if len(plain) == len(text) and _is_folded(text, plain) and not (skip_separators and _has_separator(text)):
        return Folded(plain, None)
    characters: list[str] = []
    spans: list[tuple[int, int]] = []
    for start, end, cluster in _clusters(text, skip_separators):
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cluster).casefold())
        for character in folded:
            if not _NO_WIDTH.match(character) and not (skip_separators and _is_separator(character)):
                characters.append(character)
                spans.append((start, end))
    return Folded("".join(characters), spans)


def _is_folded(text: str, plain: str) -> bool:
    """Whether folding only changes case, each character in its place. Cheap for what people mostly write."""
    if text.isascii():
        return True
    normal = unicodedata.is_normalized("NFKC", text) and unicodedata.is_normalized("NFKC", plain)
    return normal and _NO_WIDTH.search(text) is None


def _is_separator(character: str) -> bool:
    return unicodedata.category(character) in _SEPARATORS


def _has_separator(text: str) -> bool:
    return any(_is_separator(character) for character in text)


def _clusters(text: str, skip_separators: bool) -> Iterator[tuple[int, int, str]]:
    """What normalises together: a character with the marks behind it, whatever has no width between them."""
    start, end, cluster = 0, 0, ""
    for at, character in enumerate(text):
        if _NO_WIDTH.match(character) or (skip_separators and _is_separator(character)):
            continue
        joins = unicodedata.category(character)[0] == "M" or _JOINS.match(character)
        if cluster and not joins:
            yield start, end, cluster
            cluster = ""
        if not cluster:
            start = at
        cluster, end = cluster + character, at + 1
    if cluster:
        yield start, end, cluster


class WordList:
    """Words with what is done about each. Built once, from (word, action); the later of two that fold alike counts.

    With `whole_words`, a word of a script that writes spaces counts only where no letter touches it.
    """

    def __init__(
        self, words: Iterable[tuple[str, Action]], *, whole_words: bool = True, skip_separators: bool = False
    ) -> None:
        self._whole = whole_words
        self._skip = skip_separators
        self._automaton = ahocorasick.Automaton()
        for word, action in words:
            folded = fold(word, skip_separators=skip_separators).text
            if folded:
                self._automaton.add_word(folded, (len(folded), action))
        self._automaton.make_automaton()

    def __len__(self) -> int:
        return len(self._automaton)

    def find(self, text: str) -> list[Found]:
        """The words in a text, none overlapping another."""
        if not len(self._automaton):
            return []
        folded = fold(text, skip_separators=self._skip)
        hits = [
            (end - length + 1, -length, action)
            for end, (length, action) in self._automaton.iter(folded.text)
            if not self._whole or self._stands_alone(text, folded, end - length + 1, end)
        ]
        found: list[Found] = []
        last = -1
        for start, negative, action in sorted(hits):
            if start > last:
                last = start - negative - 1
                hit = Found(*_place(folded, start, last), action)
                # Two may stand in what folds from one place, as both `s` of an ß.
                found.append(_together(found.pop(), hit) if found and hit.start < found[-1].end else hit)
        return found

    def _stands_alone(self, text: str, folded: Folded, first: int, last: int) -> bool:
        return not (self._touches(text, folded, first - 1, first) or self._touches(text, folded, last, last + 1))

    def _touches(self, text: str, folded: Folded, left: int, right: int) -> bool:
        """Whether two neighbours of the folded text are letters of one written word."""
        if left < 0 or right >= len(folded.text):
            return False
        if not (_is_letter(folded.text[left]) and _is_letter(folded.text[right])):
            return False
        if folded.spans is None or not self._skip:
            return True
        return not _has_separator(text[folded.spans[left][1] : folded.spans[right][0]])


def _is_letter(character: str) -> bool:
    return unicodedata.category(character) in _LETTERS


def _together(one: Found, other: Found) -> Found:
    return Found(one.start, max(one.end, other.end), "block" if "block" in (one.action, other.action) else "mask")


def _place(folded: Folded, first: int, last: int) -> tuple[int, int]:
    if folded.spans is None:
        return first, last + 1
    return folded.spans[first][0], folded.spans[last][1]


def mask(text: str, found: Iterable[Found]) -> str:
    """The text with these places covered, as long as before."""
    for start, end, _ in found:
        text = text[:start] + MASK * (end - start) + text[end:]
    return text
