"""The two languages a bot speaks, and which one somebody is answered in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Lang = Literal["en", "zh"]
_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LATIN_WORD: Final = re.compile(r"[A-Za-z]{2,}")
FULL_WIDTH_SLASH: Final = "／"


@dataclass(frozen=True)
class Phrase:
    """One thing to say, in English and in Chinese."""

    en: str
    zh: str

    def in_(self, lang: Lang, **blanks: object) -> str:
        """The phrase in a language, its blanks `{like_this}` filled in."""
        text = self.zh if lang == "zh" else self.en
        return text.format(**blanks) if blanks else text


Said = str | Phrase | Mapping[Lang, str]
"""A text, or the same in both languages."""


def in_language(said: Said, lang: Lang) -> str:
    """What of it to show; the other language, if there is nothing in this one."""
    if isinstance(said, str):
        return said
    if isinstance(said, Phrase):
        return said.in_(lang)
    return said.get(lang) or next(iter(said.values()), "")


def has_han(text: str) -> bool:
    return _HAN.search(text) is not None


def language_of(text: str) -> Lang | None:
    """The language that a message is evidence of. A command and its arguments in Latin letters are evidence of none:
    names of commands and of goods are typed by everybody."""
    if has_han(text) or text.startswith(FULL_WIDTH_SLASH):
        return "zh"
    if text.startswith("/"):
        return None
    return "en" if len(_LATIN_WORD.findall(text)) >= 2 else None


def language_of_title(title: str) -> Lang | None:
    """The language of a group whose title is in one of them; None for a title in both, or in neither."""
    han, latin = has_han(title), _LATIN_WORD.search(title) is not None
    return None if han == latin else "zh" if han else "en"


HELP: Final = Phrase("what I can do", "我会什么")
HELP_TITLE: Final = Phrase("What I can do:", "我会这些：")
NO_SUCH_COMMAND: Final = Phrase("I do not know the command /{name}. Try /help", "没有 /{name} 这个命令，请看 /帮助")
USAGE: Final = Phrase("Usage: {usage}", "用法：{usage}")
NO_ITEM: Final = Phrase(
    "There is no such item in the catalogue, or it cannot be shown now.", "目录里没有这一项，或现在不能展示。"
)
MISSING: Final = Phrase("{name} is missing.", "缺少「{name}」。")
TOO_MUCH: Final = Phrase("“{token}” is one word too many.", "多了「{token}」。")
WRONG: Final = Phrase("{name}: “{token}” is not {expected}.", "「{name}」：「{token}」不是{expected}。")
WHOLE_NUMBER: Final = Phrase("a whole number", "整数")
NUMBER: Final = Phrase("a number", "数字")
YES_NO: Final = Phrase("yes or no", "“是”或“否”")
DATE: Final = Phrase("a date such as 2026-01-31", "日期（如 2026-01-31）")
MOMENT: Final = Phrase("a moment such as 2026-01-31T09:00Z", "时间（如 2026-01-31T09:00Z）")
SOMEBODY: Final = Phrase("somebody, named with @", "用 @ 提到的人")
ONE_OF: Final = Phrase("one of {choices}", "{choices} 之一")
TEXT: Final = Phrase("a text of the right length", "长度合适的文字")
AT_LEAST: Final = Phrase(" of at least {bound}", "（不小于 {bound}）")
AT_MOST: Final = Phrase(" of at most {bound}", "（不大于 {bound}）")
BETWEEN: Final = Phrase(" from {low} to {high}", "（{low} 到 {high}）")
