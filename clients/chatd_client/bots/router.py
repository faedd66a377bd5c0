"""What a bot answers to: handlers, in the order in which they were written, and the first that takes it.

    shop = Router()

    @shop.command("price", "价格", help={"en": "what something costs", "zh": "多少钱"})
    async def price(ctx: MessageContext, item: str) -> None: ...

    bot.include(shop, when=~direct)

A handler takes what it is given, unless it returns `PASS`: then the next one is asked. An included router stands where
it was included.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Concatenate, Final, Literal, TypeVar

from chatd_client.bots.arguments import read_parameters
from chatd_client.bots.commands import Command, check_names
from chatd_client.bots.context import Context
from chatd_client.bots.contexts import (
    CardContext,
    EntryContext,
    JoinContext,
    LeaveContext,
    MessageContext,
    MineContext,
    PressContext,
)
from chatd_client.bots.jobs import Job, JobBook
from chatd_client.bots.menus import button_id, split_id
from chatd_client.bots.taking import taking_command
from chatd_client.bots.words import Said
from chatd_protocol.kinds import ProductCard, VideoCard
from chatd_protocol.log import CardChanged, Entry, MembersChanged, Message


class Pass:
    """The type of `PASS`."""


PASS: Final = Pass()
"""What a handler returns that does not want it after all."""

Test = Callable[[Context], bool]
Run = Callable[[], Awaitable[object]]
Take = Callable[[Any], Run | None]
"""Whether a handler takes what happened: what to run then."""
CardKind = Literal["video", "product"]
E = TypeVar("E", bound=Entry)

OnCommand = TypeVar("OnCommand", bound=Callable[Concatenate[MessageContext, ...], Awaitable[object]])
OnMessage = TypeVar("OnMessage", bound=Callable[[MessageContext], Awaitable[object]])
OnJoin = TypeVar("OnJoin", bound=Callable[[JoinContext], Awaitable[object]])
OnLeave = TypeVar("OnLeave", bound=Callable[[LeaveContext], Awaitable[object]])
OnCard = TypeVar("OnCard", bound=Callable[[CardContext], Awaitable[object]])
OnPress = TypeVar("OnPress", bound=Callable[[PressContext], Awaitable[object]])
OnMine = TypeVar("OnMine", bound=Callable[[MineContext], Awaitable[object]])


@dataclass(frozen=True)
class Route:
    """One handler: what kind of context it is for, and whether it takes one."""

    name: str
    context: type[Context]
    take: Take
    command: Command | None = None
    about: str = ""
    """What of that kind it is for, where that can be told beforehand: the kind of an entry of the bot's own log."""


class Router(JobBook):
    """Handlers that belong together. `bot.include(router)` makes them part of a bot."""

    def __init__(self) -> None:
        super().__init__()
        self._items: list[Route | tuple[Router, Test | None]] = []

    def include(self, other: Router, *, when: Test | None = None) -> None:
        """Ask the handlers of `other` here, those whose context passes `when`. Raises `ValueError` for a circle."""
        if other is self or self in other.routers():
            raise ValueError("a router cannot include itself")
        self._items.append((other, when))

    def routers(self) -> Iterator[Router]:
        """Those that are included, at any depth."""
        for item in self._items:
            if isinstance(item, tuple):
                yield item[0]
                yield from item[0].routers()

    def routes(self) -> Iterator[Route]:
        """All handlers, in the order in which they are asked."""
        for item in self._items:
            if isinstance(item, Route):
                yield item
                continue
            router, when = item
            for route in router.routes():
                yield Route(route.name, route.context, _when(when, route.take), route.command, route.about)

    def jobs(self) -> Iterator[Job]:
        """All jobs."""
        yield from self.own_jobs
        for router in dict.fromkeys(self.routers()):
            yield from router.own_jobs

    # --- messages

    def command(
        self,
        *names: str,
        help: Said = "",  # noqa: A002  the word for it
        when: Test | None = None,
        hidden: bool = False,
    ) -> Callable[[OnCommand], OnCommand]:
        """`/name …`, under several names, in any language; arguments as the handler's parameters ask for them (see
        `arguments`). What does not fit them is answered with how it is used, and a card of what the catalogue does not
        have (`no_item`) with that, unless the handler sees to it. `hidden`: not in `/help`.

        Raises `ValueError` for a name that cannot be typed, `TypeError` for a parameter that cannot be.
        """
        if not names:
            raise ValueError("a command needs a name")
        check_names(names)

        def add(handler: OnCommand) -> OnCommand:
            command = Command(names, read_parameters(handler), help, hidden)
            self._add(handler, MessageContext, _when(when, taking_command(command, handler)), command)
            return handler

        return add

    def message(self, *kinds: str, when: Test | None = None) -> Callable[[OnMessage], OnMessage]:
        """Messages of these kinds (`text`, `notice`, `video_card`, `x-…`); without any, all of them."""
        return self._on_message(lambda ctx: not kinds or ctx.message.type in kinds, when)

    def pattern(
        self, pattern: str | re.Pattern[str], *, flags: int = 0, when: Test | None = None
    ) -> Callable[[OnMessage], OnMessage]:
        """Messages in whose text this is found; `ctx.match` is what."""
        compiled = re.compile(pattern, flags)

        def found(ctx: MessageContext) -> bool:
            ctx.match = compiled.search(ctx.text)
            return ctx.match is not None

        return self._on_message(found, when)

    def mention(self, *, when: Test | None = None) -> Callable[[OnMessage], OnMessage]:
        """Messages that name the bot with @."""
        return self._on_message(lambda ctx: ctx.mentions_me, when)

    def card(self, kind: CardKind | None = None, *, when: Test | None = None) -> Callable[[OnMessage], OnMessage]:
        """Messages that are cards of videos or products; `ctx.card` is what they show."""
        return self._on_message(lambda ctx: _is_card(ctx.card, kind), when)

    # --- the rest of a group's log

    def card_changed(
        self, kind: CardKind | None = None, *statuses: str, when: Test | None = None
    ) -> Callable[[OnCard], OnCard]:
        """What a card shows has changed: its price, its title, its status; with `statuses`, to one of these."""

        def add(handler: OnCard) -> OnCard:
            def take(ctx: CardContext) -> Run | None:
                fits = _is_card(ctx.card, kind) and (not statuses or ctx.card.status in statuses)
                return (lambda: handler(ctx)) if fits else None

            self._add(handler, CardContext, _when(when, take))
            return handler

        return add

    def joined(self, *, when: Test | None = None) -> Callable[[OnJoin], OnJoin]:
        """Somebody came in: once for each person."""

        def add(handler: OnJoin) -> OnJoin:
            self._add(handler, JoinContext, _when(when, lambda ctx: lambda: handler(ctx)))
            return handler

        return add

    def left(self, *, when: Test | None = None) -> Callable[[OnLeave], OnLeave]:
        """Somebody is out: once for each person."""

        def add(handler: OnLeave) -> OnLeave:
            self._add(handler, LeaveContext, _when(when, lambda ctx: lambda: handler(ctx)))
            return handler

        return add

    def entry(
        self, kind: type[E], *, when: Test | None = None
    ) -> Callable[[Callable[[EntryContext[E]], Awaitable[object]]], Callable[[EntryContext[E]], Awaitable[object]]]:
        """Entries of any other type of `chatd_protocol.log`: `Recalled`, `Edited`, `Reacted`, `RoleChanged`, …

        Raises `TypeError` for one that has a decorator of its own.
        """
        if issubclass(kind, Message | MembersChanged | CardChanged):
            raise TypeError(f"{kind.__name__} has decorators of its own: message, joined, left, card_changed")

        def add(
            handler: Callable[[EntryContext[E]], Awaitable[object]],
        ) -> Callable[[EntryContext[E]], Awaitable[object]]:
            def take(ctx: EntryContext[E]) -> Run | None:
                return (lambda: handler(ctx)) if isinstance(ctx.entry, kind) else None

            self._add(handler, EntryContext, _when(when, take))
            return handler

        return add

    # --- the bot's own log

    def press(self, name: str, *, when: Test | None = None) -> Callable[[OnPress], OnPress]:
        """A button of one's own menus was pressed, whose id is `name` or begins with `name:` (see `menus`)."""
        button_id(name)

        def add(handler: OnPress) -> OnPress:
            def take(ctx: PressContext) -> Run | None:
                found, about = split_id(ctx.button)
                if name not in {found, ctx.button}:
                    return None
                ctx.about = about if found == name else ()
                return lambda: handler(ctx)

            self._add(handler, PressContext, _when(when, take), about="pressed")
            return handler

        return add

    def added(self, *, when: Test | None = None) -> Callable[[OnMine], OnMine]:
        """The bot was added to a group."""
        return self._on_mine("added", when)

    def removed(self, *, when: Test | None = None) -> Callable[[OnMine], OnMine]:
        """The bot is out of a group."""
        return self._on_mine("removed", when)

    # --- inside

    def _on_message(
        self, fits: Callable[[MessageContext], bool], when: Test | None
    ) -> Callable[[OnMessage], OnMessage]:
        def add(handler: OnMessage) -> OnMessage:
            def take(ctx: MessageContext) -> Run | None:
                return (lambda: handler(ctx)) if fits(ctx) else None

            self._add(handler, MessageContext, _when(when, take))
            return handler

        return add

    def _on_mine(self, kind: str, when: Test | None) -> Callable[[OnMine], OnMine]:
        def add(handler: OnMine) -> OnMine:
            def take(ctx: MineContext) -> Run | None:
                return (lambda: handler(ctx)) if ctx.entry.kind == kind else None

            self._add(handler, MineContext, _when(when, take), about=kind)
            return handler

        return add

    def _add(
        self,
        handler: Callable[..., Any],
        context: type[Context],
        take: Take,
        command: Command | None = None,
        about: str = "",
    ) -> None:
        name = f"{handler.__module__}.{handler.__qualname__}"
        self._items.append(Route(name, context, take, command, about))


def _when(when: Test | None, take: Take) -> Take:
    if when is None:
        return take
    return lambda ctx: take(ctx) if when(ctx) else None


def _is_card(card: object, kind: CardKind | None) -> bool:
    wanted = {"video": VideoCard, "product": ProductCard, None: (VideoCard, ProductCard)}[kind]
    return isinstance(card, wanted)  # type: ignore[arg-type]  # types and tuples of types
