"""Texts as people paste them, with an invite somewhere in them: written by hand, and made at random.

`python -m tests.protocol.pasted_texts [COUNT]` puts COUNT codes (100,000) through the battery and says what it found.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from chatd_protocol.codes import ALPHABET, LENGTH, is_code, make_code, show_code
from chatd_protocol.pasted import find_invite

FILE: Final = Path(__file__).with_suffix(".txt")
TOKEN: Final = "rxdfNS_MdDy42z6p9iYzwK"
LINK: Final = f"https://chat.example.com/i/{TOKEN}"
JUNK: Final = (
    *("复制", "打开", "进群", "哈哈", "【群】", "hello", "join", " ", "\n", "，", "。", "!", "🎉", "❤️", "：", "@小明 "),
    *("¥9.9", "$5", "￥", "¥", "“", "”", "\u200b", "\ufeff", "[图片]", "ABCD", "7", "-", "http://x.example", "\u3000"),
)
SIGNS: Final = ("¥", "￥", "$", "€", "£", "＄", "₩")


def fill_in(line: str, code: str) -> str:
    """A line of the file with this code in it."""
    shown, full = show_code(code), 0xFEE0
    forms = {
        "C": shown,
        "c": shown.lower(),
        "R": code,
        "F": "".join(chr(ord(sign) + full) for sign in shown),
        "D": shown.replace("-", "–", 1).replace("-", "—", 1),
        "S": shown.replace("-", " "),
        "Z": "\u200b".join(shown),
        "W": shown.replace("-", "-\n", 1),
        "L": LINK,
    }
    for name, form in forms.items():
        line = line.replace(f"{{{name}}}", form)
    return line


def handwritten() -> list[str]:
    """The lines of the file, with their line ends and invisible characters."""
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("# ")]
    for name, sign in (("\\n", "\n"), ("\\t", "\t")):
        lines = [line.replace(name, sign) for line in lines]
    for number in (0x200B, 0x200E, 0x200F, 0x2018, 0x2019, 0x201C, 0x201D, 0x2060, 0x2066, 0x2069, 0x2190, 0x2192):
        lines = [line.replace(f"\\u{number:04x}", chr(number)) for line in lines]
    return [line.replace("\\u3000", "\u3000").replace("\\ufeff", "\ufeff") for line in lines]


def wrapped(code: str, chance: random.Random) -> str:
    """The code as some app might pass it on, with junk on both sides."""
    form = fill_in("{" + chance.choice("CCCCcRFDSZW") + "}", code)
    before, after = ("".join(chance.choices(JUNK, k=chance.randrange(8))) for _ in range(2))
    return before + chance.choice(SIGNS) + form + chance.choice(SIGNS) + after


def damaged(code: str) -> Iterator[str]:
    """The code with each single character replaced by each other one, and with each two neighbours swapped."""
    for place in range(LENGTH):
        for sign in ALPHABET:
            if sign != code[place]:
                yield code[:place] + sign + code[place + 1 :]
    for place in range(LENGTH - 1):
        one, other = code[place], code[place + 1]
        if one != other:
            yield code[:place] + other + one + code[place + 2 :]


class Tally:
    """What a battery found: codes `tried` and `found`, damaged ones `refused` and `taken`."""

    def __init__(self) -> None:
        self.tried = self.found = self.refused = self.taken = 0

    def add(self, chance: random.Random) -> None:
        """One more code: found in one wrapping, and every damage to it refused, one of them in a text too."""
        code = make_code(chance.getrandbits(60))
        self.tried += 1
        hit = find_invite(wrapped(code, chance))
        self.found += hit is not None and hit.secret == code
        bad = list(damaged(code))
        taken = sum(map(is_code, bad))
        one = find_invite(f"¥{show_code(chance.choice(bad))}¥")
        self.taken += taken + (one is not None)
        self.refused += len(bad) - taken

    def __str__(self) -> str:
        share = 100 * self.found / self.tried
        return (
            f"{self.tried} codes, {self.found} found ({share:.4f} %);"
            f" {self.refused} damaged ones refused, {self.taken} taken"
        )


def run(count: int, seed: int = 1) -> Tally:
    """A battery of so many codes."""
    chance, tally = random.Random(seed), Tally()
    for _ in range(count):
        tally.add(chance)
    return tally


if __name__ == "__main__":
    tally = run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    print(tally)
    sys.exit(tally.taken > 0 or tally.found < 0.999 * tally.tried)
