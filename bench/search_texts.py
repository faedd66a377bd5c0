"""What a million people's messages look like to a search, the same every time: half of them Chinese, half in words.

Words are drawn by rank as in any language (Zipf), so that some are everywhere and most hardly anywhere. With the texts
comes the truth: which messages have what will be looked for. It is found by reading them, and shares nothing with the
index. It must not know databases or servers.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Final

HANZI: Final = [chr(0x4E00 + number) for number in range(3000)]
PAIRS: Final = 20_000
WORDS: Final = [f"w{number:x}ord" for number in range(20_000)]
STEP_MS: Final = 250
"""Between a message and the next one."""
FIRST: Final = 2
"""Entries of a group before its first message: that it was made, and who came."""
COMMON: Final = (0, 40)
RARE: Final = (4000, 4200)
"""Ranks of words that are looked for."""


@dataclass(slots=True)
class Said:
    """A message. `number` counts all of them, in the order of their time."""

    number: int
    group: int
    pos: int
    text: str


@dataclass(frozen=True, slots=True)
class Looked:
    """One kind of search: what it is, and the words that are looked for, each a text as somebody types it."""

    name: str
    words: tuple[str, ...]


@dataclass(slots=True)
class Truth:
    """Where each text that is looked for stands, in the order of time: word -> [(group, pos), ...]."""

    places: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def newest(self, word: str, groups: set[int] | None, limit: int) -> list[tuple[int, int]]:
        """The newest places, in these groups or in all."""
        found = [place for place in reversed(self.places[word]) if groups is None or place[0] in groups]
        return found[:limit]


class Texts:
    """`count` messages in `groups` groups. Going through them a second time gives the same ones."""

    def __init__(self, count: int, groups: int) -> None:
        self.count = count
        self.groups = groups
        chance = random.Random(7)
        weights = _by_rank(len(HANZI))
        self._pairs = ["".join(chance.choices(HANZI, cum_weights=weights, k=2)) for _ in range(PAIRS)]

    def __iter__(self) -> Iterator[Said]:
        chance = random.Random(11)
        heads = [FIRST] * self.groups
        sizes = _by_rank(self.groups)
        pairs, words, single = _by_rank(PAIRS), _by_rank(len(WORDS)), _by_rank(len(HANZI))
        for number in range(self.count):
            group = chance.choices(range(self.groups), cum_weights=sizes)[0]
            heads[group] += 1
            if number % 2:
                text = " ".join(chance.choices(WORDS, cum_weights=words, k=chance.randint(3, 14)))
            else:
                text = "".join(chance.choices(self._pairs, cum_weights=pairs, k=chance.randint(3, 12)))
                text += "，" + "".join(chance.choices(HANZI, cum_weights=single, k=4))
            yield Said(number, group, heads[group], text)

    def kinds(self) -> list[Looked]:
        """What is looked for."""
        common, rare = self._pairs[slice(*COMMON)], self._pairs[slice(*RARE)]
        common_words, rare_words = WORDS[slice(*COMMON)], WORDS[slice(*RARE)]
        return [
            Looked("2 characters, common", tuple(dict.fromkeys(common))),
            Looked("2 characters, rare", tuple(dict.fromkeys(rare))),
            Looked("4 characters", tuple(dict.fromkeys(a + b for a, b in pairwise(common)))),
            Looked("a word, common", tuple(common_words)),
            Looked("a word, rare", tuple(rare_words)),
            Looked("2 words", tuple(f"{a} {b}" for a, b in pairwise(common_words))),
            Looked("found nowhere", ("龘龘", "nowhere", "龘龘 w0ord")),
        ]


def read_truth(texts: Texts) -> Truth:
    """Read every message and note what will be looked for."""
    wanted = [word for kind in texts.kinds() for word in kind.words]
    places: dict[str, list[tuple[int, int]]] = {word: [] for word in wanted}
    runs = frozenset(word for word in wanted if not word.isascii())
    alone = frozenset(word for word in wanted if word.isascii() and " " not in word)
    both = [tuple(word.split()) for word in wanted if " " in word]
    for said in texts:
        place = (said.group, said.pos)
        if said.number % 2:
            there = frozenset(said.text.split())
            found = [*(there & alone), *(" ".join(two) for two in both if there.issuperset(two))]
        else:
            pieces = said.text.split("，")
            cut = {piece[at : at + size] for piece in pieces for size in (2, 4) for at in range(len(piece) - size + 1)}
            found = [*(cut & runs)]
        for word in found:
            places[word].append(place)
    return Truth(places)


def _by_rank(count: int) -> list[float]:
    return list(accumulate(1 / (rank + 1) for rank in range(count)))
