"""What stands behind a command, as the handler's own parameters ask for it.

    async def price(ctx, item: str, count: Annotated[int, Meta(ge=1, le=99)] = 1, *, note: str = "") -> None

Positional parameters take a word each (`"two words"`, `“两 词”` are one), `*rest` takes all that are left, and a
parameter behind `*` the rest of the line as it stands. Types: `str`, `int`, `float`, `bool`, `Decimal`, `date`,
`datetime`, an `Enum`, a `Literal`, `Mention`, each also `| None` and with bounds (`msgspec.Meta`). Digits may be wide.
"""

from __future__ import annotations

import inspect
import re
import types
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from chatd_client.bots import words
from chatd_client.bots.words import Lang, Phrase
from chatd_protocol.kinds import Mark

_WORD: Final = re.compile(r'"([^"]*)"|“([^”]*)”|「([^」]*)」|(\S+)')
_YES: Final = {"yes", "y", "on", "true", "1", "是", "对", "好", "开"}
_NO: Final = {"no", "n", "off", "false", "0", "否", "不", "关"}
_PLAIN: Final[dict[Any, Phrase]] = {
    int: words.WHOLE_NUMBER,
    float: words.NUMBER,
    Decimal: words.NUMBER,
    bool: words.YES_NO,
    date: words.DATE,
    datetime: words.MOMENT,
    str: words.TEXT,
}


@dataclass(frozen=True)
class Mention:
    """Somebody who was named with @ in a message: who, and how it was written."""

    user: str
    text: str


class BadArguments(Exception):
    """What was typed is not what the command takes. `phrase` and `blanks` say why."""

    def __init__(self, phrase: Phrase, **blanks: object) -> None:
        super().__init__(phrase.en)
        self.phrase = phrase
        self.blanks = blanks

    def told(self, lang: Lang) -> str:
        shown = {k: v.in_(lang) if isinstance(v, Phrase) else v for k, v in self.blanks.items()}
        return self.phrase.in_(lang, **shown)


@dataclass(frozen=True)
class Word:
    """One word of the line: where it begins in the text, and what it says."""

    at: int
    text: str


@dataclass(frozen=True)
class Parameter:
    """One parameter of a handler."""

    name: str
    type: Any
    kind: Literal["word", "words", "line"]
    default: Any = inspect.Parameter.empty

    @property
    def required(self) -> bool:
        return self.kind != "words" and self.default is inspect.Parameter.empty

    @property
    def called(self) -> Phrase:
        """What people read of it: a `Phrase` in the `Annotated` of its type, else its name."""
        metas = get_args(self.type)[1:] if get_origin(self.type) is Annotated else ()
        return next((one for one in metas if isinstance(one, Phrase)), Phrase(self.name, self.name))

    def shown(self, lang: Lang) -> str:
        """As it stands in a usage line."""
        name, dots = self.called.in_(lang), "…" if self.kind != "word" else ""
        return f"<{name}{dots}>" if self.required else f"[{name}{dots}]"


def read_parameters(handler: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Those after the context. Raises `TypeError` for what no line of text can give."""
    name = getattr(handler, "__qualname__", repr(handler))
    hints = get_type_hints(handler, include_extras=True)
    found: list[Parameter] = []
    for one in list(inspect.signature(handler).parameters.values())[1:]:
        kind: Literal["word", "words", "line"]
        if one.kind is one.VAR_KEYWORD:
            raise TypeError(f"{name}: a command has no named arguments to fill **{one.name} with")
        kind = "words" if one.kind is one.VAR_POSITIONAL else "line" if one.kind is one.KEYWORD_ONLY else "word"
        if found and (found[-1].kind == "line" or (found[-1].kind == "words" and kind == "line")):
            raise TypeError(f"{name}: nothing is left for {one.name}, {found[-1].name} takes the rest")
        wanted = hints.get(one.name, str)
        if _expected(wanted) is None or (kind == "line" and _bare(wanted)[0] is not str):
            raise TypeError(f"{name}: a command cannot fill {one.name}, which is a {wanted}")
        found.append(Parameter(one.name, wanted, kind, one.default))
    return tuple(found)


def usage_of(command: str, parameters: Sequence[Parameter], lang: Lang) -> str:
    """`/price <item> [count]`."""
    return " ".join(["/" + command, *(one.shown(lang) for one in parameters)])


def fill(
    parameters: Sequence[Parameter], text: str, begin: int, marks: Sequence[Mark] = ()
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments, from `text` behind `begin`; `marks` are the message's mentions. Raises `BadArguments`."""
    found = [Word(m.start(), next(g for g in m.groups() if g is not None)) for m in _WORD.finditer(text, begin)]
    args: list[Any] = []
    named: dict[str, Any] = {}
    for one in parameters:
        if one.kind == "line":
            rest = text[found[0].at :].strip() if found else ""
            found = []
            if not rest and one.required:
                raise BadArguments(words.MISSING, name=one.called)
            named[one.name] = _convert(one, Word(0, rest), marks) if rest else one.default
        elif one.kind == "words":
            args += [_convert(one, word, marks) for word in found]
            found = []
        elif found:
            word, found = _take(one, found, text, marks)
            args.append(_convert(one, word, marks))
        elif one.required:
            raise BadArguments(words.MISSING, name=one.called)
        else:
            args.append(one.default)
    if found:
        raise BadArguments(words.TOO_MUCH, token=found[0].text)
    return args, named


def _take(one: Parameter, found: list[Word], text: str, marks: Sequence[Mark]) -> tuple[Word, list[Word]]:
    """The next word; a mention is one word, however many its name has."""
    first = found[0]
    if _bare(one.type)[0] is Mention:
        for mark in marks:
            if mark.user is not None and mark.offset == first.at:
                end = mark.offset + mark.length
                return Word(first.at, text[first.at : end]), [word for word in found if word.at >= end]
    return first, found[1:]


def _convert(one: Parameter, word: Word, marks: Sequence[Mark]) -> Any:
    bare, wanted = _bare(one.type)
    if bare is Mention:
        for mark in marks:
            if mark.user is not None and mark.offset == word.at:
                return Mention(mark.user, word.text)
    elif bare is bool:
        plain = unicodedata.normalize("NFKC", word.text).casefold()
        if plain in _YES or plain in _NO:
            return plain in _YES
    else:
        raw = word.text if bare is str else unicodedata.normalize("NFKC", word.text)
        try:
            return msgspec.convert(raw, wanted, strict=False)
        except msgspec.ValidationError:
            pass
    raise BadArguments(words.WRONG, name=one.called, token=word.text, expected=_expected(one.type))


def _bare(wanted: Any) -> tuple[Any, Any]:
    """The type without its bounds, and with them; `None` beside it is taken off both."""
    metas: tuple[Any, ...] = ()
    if get_origin(wanted) is Annotated:
        wanted, *more = get_args(wanted)
        metas = tuple(more)
    if get_origin(wanted) in {Union, types.UnionType}:
        parts = [part for part in get_args(wanted) if part is not type(None)]
        if len(parts) == 1:
            bare, bounded = _bare(parts[0])
            return bare, Annotated[(bounded, *metas)] if metas else bounded
    return wanted, Annotated[(wanted, *metas)] if metas else wanted


def _expected(wanted: Any) -> Phrase | None:
    """What to type, for people; None for a type that cannot be typed."""
    bare, bounded = _bare(wanted)
    if bare is Mention:
        return words.SOMEBODY
    choices: Sequence[Any] = ()
    if get_origin(bare) is Literal:
        choices = get_args(bare)
    elif isinstance(bare, type) and issubclass(bare, Enum):
        choices = [one.value for one in bare]
    if choices:
        shown = " / ".join(map(str, choices))
        return Phrase(words.ONE_OF.en.format(choices=shown), words.ONE_OF.zh.format(choices=shown))
    plain = _PLAIN.get(bare)
    return None if plain is None else _bounded(plain, bounded)


def _bounded(plain: Phrase, bounded: Any) -> Phrase:
    metas = [one for one in get_args(bounded)[1:] if isinstance(one, msgspec.Meta)]
    low = next((one.ge for one in metas if one.ge is not None), None)
    high = next((one.le for one in metas if one.le is not None), None)
    more = words.BETWEEN if None not in {low, high} else words.AT_LEAST if low is not None else words.AT_MOST
    if low is None and high is None:
        return plain
    blanks = {"low": low, "high": high, "bound": high if low is None else low}
    return Phrase(plain.en + more.en.format(**blanks), plain.zh + more.zh.format(**blanks))
