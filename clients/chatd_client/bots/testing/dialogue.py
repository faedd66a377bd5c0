"""A dialogue as people write it down, and what it says.

    # a comment
    * bo is 小波
    * group 水果店: ann, bo
    * product apple "Red apples" CNY 35.00
    ann> /price apple
    bot> [product apple] …  [[Watch]]
    bo> ／价格 苹果
    bot> 没有「苹果」。
    ann presses [[Watch]]
    bot edits> I tell you when it gets cheaper.
    * product apple "Red apples" CNY 30.00
    bot> @Ann …CNY 30.00…

People: `ann> text`, to the bot alone `ann (to bot)> text`, as an answer to what it said last `ann (reply)> text`; a
card is `[product id] text`; `@bot` and `@bo` are mentions. `ann presses [[label]]`, `ann edits> text`, `ann recalls`,
`ann reacts 👍`, `ann pulls in cat`, `cat comes by ann's invite`, `ann kicks cat`, `cat leaves`.

The bot, in the order in which it does it: `bot> text`, to one person alone `bot (to ann)> text`, `bot edits> text`,
`bot reacts 👍`, `bot recalls`. Buttons stand behind the text, as `[[label]]`. `…` stands for anything. Lines that begin
with two spaces belong to the text above. What the bot does and is not written down fails the dialogue.

The stage: `* bo is 小波` (whoever has no such line is called as they are written, with a capital: Bo), `* group title:
ann, bo` (the first is the owner; the bot comes in last), then
`* product id "title" CNY 35.00`, with `, sold out` or `, off the shelf` behind it; `* video id "title"`, with
`, private`; `* product id is deleted`; `* 90 minutes pass`, `* it is 2026-01-06 08:00` (UTC); `* the bot stops`,
`* the bot starts`, `* the bot restarts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from chatd_client.bots.words import Lang, Phrase
from chatd_protocol.catalogue import Deletion, Item, Product, Video
from chatd_protocol.money import DIGITS
from chatd_protocol.values import ItemKind

BOT: Final = "bot"
_SAYS: Final = re.compile(
    r"(?P<who>\w+)(?: \((?P<how>to \w+|reply)\))?(?P<edits> edits)? ?[>＞] ?(?P<text>.*)", re.DOTALL
)
_DOES: Final = re.compile(
    r"(?P<who>\w+) (?:(?P<press>presses) \[\[(?P<label>.+)\]\]|(?P<react>reacts) (?P<emoji>\S+)|(?P<recall>recalls)"
    r"|(?P<pull>pulls in) (?P<whom>\w+)|(?P<kick>kicks) (?P<out>\w+)|(?P<leave>leaves)"
    r"|(?P<come>comes) by (?P<by>\w+)'s invite)"
)
_CARD: Final = re.compile(r"\[(?P<kind>product|video) (?P<id>\S+)\] ?")
_BUTTONS: Final = re.compile(r"(?:\s*\[\[[^\]]+\]\])+$")
_PRODUCT: Final = re.compile(
    r'product (?P<id>\S+) "(?P<title>[^"]+)" (?P<currency>[A-Z]{3}) (?P<price>\d+(?:\.\d+)?)'
    r"(?P<more>, sold out|, off the shelf)?"
)
_VIDEO: Final = re.compile(r'video (?P<id>\S+) "(?P<title>[^"]+)"(?P<more>, private)?')
_DELETED: Final = re.compile(r"(?P<kind>product|video) (?P<id>\S+) is deleted")
_GROUP: Final = re.compile(r"group (?P<title>[^:：]+)[:：] ?(?P<who>\w+(?:[,，、] ?\w+)*)")
_NAMED: Final = re.compile(r"(?P<who>\w+) is (?P<name>.+)")
_PASSES: Final = re.compile(r"(?P<n>\d+) (?P<unit>second|minute|hour|day)s? pass(?:es)?")
_MOMENT: Final = re.compile(r"it is (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d)")
_BOT: Final = re.compile(r"the bot (?P<what>stops|starts|restarts)")


class BadDialogue(Exception):
    """A line that says nothing."""

    LINE: Final = Phrase("line {number}: {why}", "第 {number} 行：{why}")
    UNKNOWN: Final = Phrase("cannot be understood: {raw}", "看不懂：{raw}")
    NOBODY: Final = Phrase("say first who is there: * group title: ann, bo", "先说有谁在：* group 群名: ann, bo")
    SILENT: Final = Phrase("{who} has said nothing yet", "{who} 还没说过话")
    UNHEARD: Final = Phrase("the bot has said nothing yet", "机器人还没说过话")
    BACK: Final = Phrase(
        "the clock says {now} UTC already and is not turned back", "现在已是 {now} UTC，时钟不能往回拨"
    )
    DIGITS: Final = Phrase("{currency} has {digits} digits behind the point", "{currency} 的小数有 {digits} 位")

    def __init__(self, number: int, why: Phrase, **blanks: object) -> None:
        self._said = number, why, blanks
        super().__init__(self.told("en"))

    def told(self, lang: Lang) -> str:
        """Which line, and what is wrong with it."""
        number, why, blanks = self._said
        return self.LINE.in_(lang, number=number, why=why.in_(lang, **blanks))


@dataclass(frozen=True)
class Said:
    """Words, in the group or to one person alone: `to` is the person on the other side, the bot not counted."""

    who: str
    text: str
    to: str | None = None
    reply: bool = False
    edits: bool = False
    card: tuple[ItemKind, str] | None = None
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Did:
    """Something else that somebody did."""

    who: str
    act: str
    what: str = ""


@dataclass(frozen=True)
class Named:
    who: str
    name: str


@dataclass(frozen=True)
class Gathered:
    """The group, and who is in it."""

    title: str
    who: tuple[str, ...]


@dataclass(frozen=True)
class Stocked:
    """The catalogue changes."""

    item: Item | Deletion


@dataclass(frozen=True)
class Passed:
    """Time: for so long, or until then (ms)."""

    for_ms: int = 0
    until_ms: int = 0


@dataclass(frozen=True)
class Switched:
    """The bot `stops`, `starts` or `restarts`."""

    what: str


Turn = Said | Did | Named | Gathered | Stocked | Passed | Switched


@dataclass(frozen=True)
class Line:
    """What one line says."""

    number: int
    turn: Turn


def read_dialogue(text: str) -> list[Line]:
    """The lines of a dialogue. Raises `BadDialogue` with the number of a line that cannot be understood."""
    lines: list[Line] = []
    for rev, (number, raw) in enumerate(_joined(text.splitlines()), 1):
        turn = _read_stage(number, raw[1:].strip(), rev) if raw.startswith("*") else _read_person(raw)
        if turn is None:
            raise BadDialogue(number, BadDialogue.UNKNOWN, raw=raw.partition(chr(10))[0])
        lines.append(Line(number, turn))
    return lines


def _joined(lines: Iterable[str]) -> list[tuple[int, str]]:
    """Lines with those that belong to them; comments and empty lines left out."""
    found: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        if line.startswith("  ") and found:
            found[-1] = (found[-1][0], found[-1][1] + "\n" + line[2:].rstrip())
        elif line.strip() and not line.startswith("#"):
            found.append((number, line.rstrip()))
    return found


def _read_person(raw: str) -> Turn | None:
    if does := _DOES.fullmatch(raw):
        verb = next(does[name] for name in ("press", "react", "recall", "pull", "kick", "leave", "come") if does[name])
        what = does["label"] or does["emoji"] or does["whom"] or does["out"] or does["by"] or ""
        return Did(does["who"], verb.split()[0], what)
    says = _SAYS.fullmatch(raw)
    if says is None:
        return None
    who, how, text = says["who"], says["how"] or "", says["text"]
    buttons: tuple[str, ...] = ()
    if who == BOT and (found := _BUTTONS.search(text)):
        buttons = tuple(re.findall(r"\[\[([^\]]+)\]\]", found[0]))
        text = text[: found.start()]
    card: tuple[ItemKind, str] | None = None
    if shown := _CARD.match(text):
        card = ("product" if shown["kind"] == "product" else "video", shown["id"])
        text = text[shown.end() :]
    to = how.removeprefix("to ") if how.startswith("to ") else None
    if to is not None and who != BOT:
        to = who
    return Said(who, text, to, how == "reply", bool(says["edits"]), card, buttons)


def _read_stage(number: int, raw: str, rev: int) -> Turn | None:
    if found := _PRODUCT.fullmatch(raw):
        return Stocked(_product(number, found, rev))
    if found := _VIDEO.fullmatch(raw):
        url = f"https://videos.example/{found['id']}"
        return Stocked(
            Video(found["id"], rev, found["title"], url, visibility="private" if found["more"] else "public")
        )
    if found := _DELETED.fullmatch(raw):
        return Stocked(Deletion("product" if found["kind"] == "product" else "video", found["id"], rev))
    if found := _BOT.fullmatch(raw):
        return Switched(found["what"])
    if found := _PASSES.fullmatch(raw):
        return Passed(for_ms=timedelta(**{found["unit"] + "s": int(found["n"])}) // timedelta(milliseconds=1))
    if found := _MOMENT.fullmatch(raw):
        at = datetime.strptime(found["at"], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        return Passed(until_ms=int(at.timestamp() * 1000))
    if found := _GROUP.fullmatch(raw):
        return Gathered(found["title"].strip(), tuple(re.split(r"[,，、] ?", found["who"])))
    if found := _NAMED.fullmatch(raw):
        return Named(found["who"], found["name"].strip())
    return None


def _product(number: int, found: re.Match[str], rev: int) -> Product:
    digits = DIGITS.get(found["currency"], 2)
    whole, _, rest = found["price"].partition(".")
    if len(rest) > digits:
        raise BadDialogue(number, BadDialogue.DIGITS, currency=found["currency"], digits=digits)
    price = int(whole + rest.ljust(digits, "0"))
    off = found["more"] == ", off the shelf"
    return Product(
        found["id"],
        rev,
        found["title"],
        price,
        found["currency"],
        f"https://shop.example/{found['id']}",
        stock=0 if found["more"] == ", sold out" else None,
        status="off_shelf" if off else "on_shelf",
    )
