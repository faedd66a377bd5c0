"""How lists and records look: tables with headings for people at a terminal, plain lines for everybody else.

At a terminal the headings, the words and the times are the reader's: their language, their zone, cells counted and not
characters. What goes into a pipe or a file is the same whoever asks: one row a line, its values parted by tabs, under a
line with the names that they have in the JSON; times are ISO 8601 in UTC. What the values mean it does not know:
`texts.fields` has the headings and says what is a number, a moment or a word.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from chatd.cli.language import Lang, cells, lang_of
from chatd.cli.texts.fields import DETAILS, FIELDS, UNKNOWN, WORDS, Field

_GAP: Final = 2
_TEXT_LEAST: Final = 8
"""A column of text is not made narrower than this; longer words are broken."""
_NAME_LEAST: Final = 24
"""Nor one of what people go by, which is copied where it is not longer than most are."""
_WHOLE: Final = frozenset({"id", "time", "count", "flag"})
"""What is not broken over lines: one copies it, or reads it at a glance."""
_DIGEST: Final = re.compile(r"[0-9a-f]{40,}")
_DIGEST_SHOWN: Final = 8
"""Of a digest, which is whole in the JSON."""


def on_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], spare: Collection[str] = ()) -> str:
    """Rows under headings. At a terminal columns with nothing in them are left out, and of the `spare` ones those
    that there is no room for. Without rows: the headings in a pipe, nothing at a terminal."""
    rows = list(rows)
    if not on_terminal():
        lines = ("\t".join(plain(c, row.get(c)) for c in columns) for row in rows)
        return "\n".join(["\t".join(columns), *lines])
    if not rows:
        return ""
    lang, width = lang_of(os.environ), _width()
    zone = _one_zone([row.get(c) for row in rows for c in columns if _field(c).kind == "time"])
    shown = {c: [_shown(_field(c), row.get(c), lang, zone) for row in rows] for c in columns}
    left = [c for c in columns if any(shown[c])]
    heads = {c: _heading(c, lang, zone) for c in left}
    for extra in [c for c in reversed(left) if c in spare]:
        if sum(_least(c, heads[c], shown[c]) + _GAP for c in left) - _GAP > width:
            left.remove(extra)
    return _drawn([(heads[c], _field(c), shown[c]) for c in left], width)


def record(values: Mapping[str, Any]) -> str:
    """One thing: what is known of it, each under its name. At a terminal what is empty is left out."""
    if not on_terminal():
        return "\n".join(f"{name}\t{plain(name, value)}" for name, value in values.items())
    lang = lang_of(os.environ)
    shown = {name: _shown(_field(name), value, lang, None) for name, value in values.items()}
    rows = {_heading(name, lang, None): text for name, text in shown.items() if text}
    return _drawn([("", Field("", "", "label"), list(rows)), ("", Field("", ""), list(rows.values()))], _width())


def word(value: str) -> str:
    """A word that the protocol has for something, in the person's language."""
    english, chinese = WORDS.get(value, (clean(value), clean(value)))
    return str(chinese if lang_of(os.environ) == "zh" else english)


def pairs(values: Mapping[str, Any]) -> str:
    """Names and values in a line, for people, in their language."""
    lang = lang_of(os.environ)
    return ("、" if lang == "zh" else ", ").join(_pair(name, value, lang) for name, value in values.items())


def operator() -> str:
    """Who did it, where it was none of the users."""
    return word("operator") if on_terminal() else "operator"


def shown_time(at_ms: int, *, seconds: bool = False) -> str:
    """A moment in the person's zone, with the zone."""
    return f"{_moment(at_ms, seconds=seconds)} {_zone(at_ms)}"


def plain(name: str, value: Any) -> str:
    """A value for programs that read lines: without what would part or end one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and _field(name).kind == "time":
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return " ".join(f"{key}={plain(key, one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ",".join(plain(name, one) for one in value)
    return clean(str(value))


def clean(text: str) -> str:
    """Without control characters, which somebody may have put into a name, and which a terminal obeys."""
    return "".join(char if char.isprintable() else " " for char in text)


def _field(name: str) -> Field:
    return FIELDS.get(name, UNKNOWN)


def _heading(name: str, lang: Lang, zone: str | None) -> str:
    field = _field(name)
    head = (field.zh if lang == "zh" else field.en) or name.replace("_", " ")
    return f"{head} {zone}" if zone and field.kind == "time" else head


def _shown(field: Field, value: Any, lang: Lang, zone: str | None) -> str:
    """A value for people."""
    if value is None or value == "" or value is False:
        return ""
    if field.kind == "time" and isinstance(value, int) and value:
        return _moment(value) if zone else shown_time(value)
    if isinstance(value, bool):
        return "是" if lang == "zh" else "yes"
    if isinstance(value, int) and field.kind != "id":
        return f"{value:,}"
    if isinstance(value, Mapping):
        return pairs(value)
    if isinstance(value, list | tuple):
        return ("\n" if field.kind == "lines" else ", ").join(_shown(field, one, lang, zone) for one in value)
    return word(str(value)) if field.kind == "word" else clean(str(value))


def _pair(name: str, value: Any, lang: Lang) -> str:
    field = DETAILS.get(name, UNKNOWN)
    head = (field.zh if lang == "zh" else field.en) or name
    if isinstance(value, Mapping):
        return f"{head}（{pairs(value)}）" if lang == "zh" else f"{head} ({pairs(value)})"
    if isinstance(value, bool):
        shown = ("是" if value else "否") if lang == "zh" else ("yes" if value else "no")
    elif isinstance(value, list | tuple):
        shown = " ".join(clean(str(one)) for one in value)
    elif isinstance(value, str) and _DIGEST.fullmatch(value):
        shown = value[:_DIGEST_SHOWN] + "…"
    else:
        shown = _shown(field, value, lang, None)
    return f"{head} {shown}".strip()


def _least(name: str, head: str, texts: Sequence[str]) -> int:
    """How narrow a column may become."""
    return _least_of(_field(name), head, max(cells(head), *map(cells, texts)))


def _least_of(field: Field, head: str, most: int) -> int:
    if field.kind in _WHOLE or field.kind == "label":
        return most
    return min(most, max(_NAME_LEAST if field.kind == "name" else _TEXT_LEAST, cells(head)))


def _drawn(columns: Sequence[tuple[str, Field, Sequence[str]]], width: int) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    most = [max(cells(head), *map(cells, texts)) for head, _, texts in columns]
    least = [_least_of(field, head, wide) for (head, field, _), wide in zip(columns, most, strict=True)]
    bare = [
        one if field.kind in _WHOLE else min(one, _TEXT_LEAST)
        for (_, field, _), one in zip(columns, least, strict=True)
    ]
    widths = _widths(bare, least, most, width - _GAP * (len(columns) - 1))
    # What has no room at all is the terminal's to break: here it would be cut off.
    console = Console(width=max(width, sum(widths) + _GAP * len(columns)), highlight=False, markup=False, emoji=False)
    headed = any(head for head, _, _ in columns)
    drawn = Table(box=None, show_header=headed, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for (head, field, _), wide in zip(columns, widths, strict=True):
        drawn.add_column(
            Text(head),
            justify="right" if field.kind == "count" else "left",
            no_wrap=field.kind in _WHOLE,
            overflow="fold",
            style="bold" if field.kind == "label" else "",
            width=max(wide, 1),
        )
    for row in zip(*(texts for _, _, texts in columns), strict=True):
        drawn.add_row(*map(Text, row))
    with console.capture() as captured:
        console.print(drawn)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _widths(bare: Sequence[int], least: Sequence[int], most: Sequence[int], room: int) -> list[int]:
    """How wide each column becomes: what all need at least, and of what is left as much as they can use, evenly. Where
    even that is too much, the widest text gives way, down to the bare."""
    widths = list(least)
    while (growing := [n for n, one in enumerate(widths) if one < most[n]]) and sum(widths) < room:
        widths[min(growing, key=lambda n: widths[n])] += 1
    while sum(widths) > room and (giving := [n for n, one in enumerate(widths) if one > bare[n]]):
        widths[max(giving, key=lambda n: widths[n])] -= 1
    return widths


def _width() -> int:
    import shutil

    return max(shutil.get_terminal_size().columns, 40)


def _moment(at_ms: int, *, seconds: bool = False) -> str:
    form = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime(form)


def _zone(at_ms: int) -> str:
    """`UTC`, `+08` or `+05:30`: a name would not say which of several zones of that name."""
    offset = datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%z")
    return "UTC" if offset == "+0000" else offset[:3] if offset.endswith("00") else f"{offset[:3]}:{offset[3:5]}"


def _one_zone(times: Iterable[Any]) -> str | None:
    """The zone of all these moments, if it is one, for then the heading says it."""
    zones = {_zone(at) for at in times if isinstance(at, int) and at}
    return zones.pop() if len(zones) == 1 else None
