"""Bots: users that are programs, made by the operator, and the tokens that they speak by.

A token is kept as a keyed digest only: nothing that is stored lets anybody sign in. A bot has as many tokens as were
made since the older ones were taken back, so that a new one can be brought to where the bot runs before the old one
ends.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from msgspec.structs import replace

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Command, Wish
from chatd.core.records import Record
from chatd.core.refusal import Refused
from chatd.core.users import make_user
from chatd.core.values import BOT_SUB

TOKENS_MAX: Final = 10


class Bot(Record):
    """What is kept of a bot beside its user. `tokens`: the digests of those that are good, the oldest first."""

    table: ClassVar[str] = "bots"

    user_id: str
    name: str
    scopes: list[str]
    commands: list[dict[str, Any]]
    tokens: list[str]
    made_at: int


class BotToken(Record):
    """A token by its digest."""

    table: ClassVar[str] = "bot_tokens"

    digest: str
    user_id: str
    made_at: int


class MakeBot(Wish, frozen=True, tag="make_bot"):
    """A new bot with its first token (`digest`). `direct`: whoever likes may begin a direct chat with it."""

    user: str
    name: str
    shown: str
    intro: str
    scopes: list[str]
    direct: bool
    digest: str

    def needs(self, need: Needs) -> None:
        need.subs.add(BOT_SUB + self.name)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `taken`."""
        if BOT_SUB + self.name in facts.user_of_sub:
            raise Refused("taken", "There is a bot of this name.")
        user = make_user(facts, self.user, BOT_SUB + self.name, self.shown)
        user.profile = {"bio": self.intro} if self.intro else {}
        # Nobody waits for an answer that no bot can give.
        user.settings = {"requests": False} | ({"direct": True} if self.direct else {})
        facts.put(Bot(user.id, self.name, self.scopes, [], [self.digest], facts.now_ms))
        facts.put(BotToken(self.digest, user.id, facts.now_ms))
        facts.audit("bot.create", by=None, user=user.id, scopes=self.scopes, direct=self.direct)
        return {"user": user.id}


class AddToken(Wish, frozen=True, tag="bot_token"):
    """A further token of a bot; with `rotate`, every one of before is refused from now on."""

    user: str
    digest: str
    rotate: bool

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        need.record(Bot, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `limit`."""
        user, bot = facts.user(self.user), bot_of(facts, self.user)
        kept = [] if self.rotate else bot.tokens
        if len(kept) >= TOKENS_MAX:
            raise Refused("limit", "Take the older tokens back first (--rotate).", bound="tokens", max=TOKENS_MAX)
        for digest in set(bot.tokens) - set(kept):
            facts.drop(BotToken, digest)
        # Behind whatever took the user's tokens away, this very millisecond included.
        facts.put(BotToken(self.digest, user.id, max(facts.now_ms, user.valid_after)))
        facts.put(replace(bot, tokens=[*kept, self.digest]))
        facts.audit("bot.token", by=None, user=user.id, rotate=self.rotate)
        return {"user": user.id, "tokens": [*kept, self.digest]}


class SetScopes(Wish, frozen=True, tag="bot_scopes"):
    """What a bot may do from now on."""

    user: str
    scopes: list[str]

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        need.record(Bot, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`."""
        bot = bot_of(facts, self.user)
        changed = bot.scopes != self.scopes
        if changed:
            facts.put(replace(bot, scopes=self.scopes))
            facts.audit("bot.scopes", by=None, user=self.user, scopes=self.scopes)
        return {"user": self.user, "scopes": self.scopes, "changed": changed}


class SetCommands(Command, frozen=True, tag="bot_commands"):
    """The bot `actor` says which commands it knows."""

    commands: list[dict[str, Any]]

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)
        need.record(Bot, self.actor)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `bots_only`."""
        bot = facts.find(Bot, self.actor)
        if bot is None:
            raise Refused("bots_only")
        if bot.commands != self.commands:
            facts.put(replace(bot, commands=self.commands))
        return {"commands": len(self.commands)}


def bot_of(facts: Facts, user: str) -> Bot:
    """The bot that a user is. Raises `not_found`."""
    bot = facts.find(Bot, user)
    if bot is None:
        raise Refused("not_found")
    return bot
