"""Predicates over what happened, that combine: `direct & ~tagged("staff")`, `from_users(ann) | mentions_me`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chatd_client.bots.context import Context
from chatd_client.bots.contexts import MessageContext
from chatd_client.bots.words import Lang

Test = Callable[[Context], bool]


class Filter:
    """A question with the answer yes or no. Make one of any function of a context: `Filter(lambda ctx: …)`."""

    def __init__(self, test: Test) -> None:
        self._test = test

    def __call__(self, ctx: Context) -> bool:
        return bool(self._test(ctx))

    def __and__(self, other: Test) -> Filter:
        return Filter(lambda ctx: self(ctx) and bool(other(ctx)))

    def __or__(self, other: Test) -> Filter:
        return Filter(lambda ctx: self(ctx) or bool(other(ctx)))

    def __invert__(self) -> Filter:
        return Filter(lambda ctx: not self(ctx))


def _of_message(test: Callable[[MessageContext], bool]) -> Filter:
    return Filter(lambda ctx: isinstance(ctx, MessageContext) and test(ctx))


direct: Final = Filter(lambda ctx: ctx.group_kind == "direct")
"""In a direct chat with the bot."""
mentions_me: Final = _of_message(lambda ctx: ctx.mentions_me)
"""Messages that name the bot with @."""
replies: Final = _of_message(lambda ctx: ctx.message.reply_to is not None)
"""Messages that answer another one."""
replies_to_me: Final = _of_message(lambda ctx: ctx.message.quote is not None and ctx.message.quote.sender == ctx.me)
"""Messages that answer the bot."""


def from_users(*users: str) -> Filter:
    """Done by one of these (ids)."""
    return Filter(lambda ctx: ctx.user in users)


def in_groups(*groups: str) -> Filter:
    """In one of these (ids)."""
    return Filter(lambda ctx: ctx.group in groups)


def in_section(*sections: int) -> Filter:
    """In one of these sections of a group; 0 is the main one."""
    return Filter(lambda ctx: ctx.section in sections)


def tagged(tag: str) -> Filter:
    """Messages whose sender had this verified tag."""
    return _of_message(lambda ctx: tag in ctx.message.tags)


def contains(*parts: str) -> Filter:
    """Messages with one of these in their text, whatever the case."""
    folded = [part.casefold() for part in parts]
    return _of_message(lambda ctx: any(part in ctx.text.casefold() for part in folded))


def speaks(lang: Lang) -> Filter:
    """People who are answered in this language."""
    return Filter(lambda ctx: ctx.lang == lang)
