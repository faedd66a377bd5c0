"""What can be done with a message that was chosen: by its key, from its menu, by pressing something on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from rich.text import Text

from chatd.cli.screen.allowed import Standing, acts_on
from chatd.cli.screen.asking import Asking
from chatd.cli.screen.cells import clean
from chatd.cli.screen.dialogs import FREE, Choice, Sheet
from chatd.cli.screen.people import about_person
from chatd_client import ChatdError, ClientClosed
from chatd_protocol import kinds
from chatd_protocol.log import Message
from chatd_protocol.menus import MenuButton

if TYPE_CHECKING:
    from chatd.cli.screen.backstage import Backstage

EMOJI: Final = ("👍", "❤", "😂", "🎉", "😮", "😢", "🙏", "🔥", "👀", "✅", "💯", "👎")
LAST: Final = 100_000
"""More rows than a transcript has."""


class Acts(Asking):
    """Does it for the app."""

    def __init__(self, app: Backstage) -> None:
        super().__init__(app)
        self._does: Mapping[str, Callable[[Message], Awaitable[None]]] = {
            "reply": self._reply,
            "edit": self._edit,
            "recall": self._recall,
            "react": self._react,
            "pin": self._pin,
            "feature": self._feature,
            "forward": self._forward,
            "copy": self._copy,
            "receipts": self._receipts,
            "reactions": self._who_reacted,
            "quote": self._quoted,
            "person": self._person,
        }

    def key(self, key: str, character: str | None) -> bool:
        """What a key does to the chosen message; False if it does nothing here."""
        app, timeline = self._app, self._app.timeline
        page = max(timeline.size.height - 2, 1)
        moves: dict[str, Callable[[], object]] = {
            "up": lambda: timeline.choose(-1),
            "down": lambda: timeline.choose(1),
            "k": lambda: timeline.choose(-1),
            "j": lambda: timeline.choose(1),
            "pageup": lambda: timeline.scroll_rows(page),
            "pagedown": lambda: timeline.scroll_rows(-page),
            "home": lambda: timeline.scroll_rows(100_000),
            "end": app.go_to_newest,
            "escape": app.composer.focus,
            "tab": app.composer.focus,
            "shift+tab": app.composer.focus,
        }
        pos = timeline.chosen
        if key in moves:
            moves[key]()
            if key in {"escape", "tab", "shift+tab"} or (key in {"down", "j"} and timeline.chosen is None):
                timeline.chosen = None
                app.composer.focus()
        elif pos is not None and key in {"enter", "space"}:
            app.do(lambda: self.press(pos, ""))
        elif pos is not None and character in _ACTS:
            act = _ACTS[character]
            app.do(lambda: self.act(pos, act))
        elif pos is not None and character and character.isdigit() and buttons_of(self._message(pos)):
            app.do(lambda: self.press(pos, f"button {character}"))
        elif character and character.isprintable():
            timeline.chosen = None
            app.composer.focus()
            app.composer.insert(character)
        else:
            return False
        app.changed()
        return True

    async def press(self, pos: int, spot: str) -> None:
        """Something on a message was pressed; without a spot, show what can be done with it."""
        what, _, which = spot.partition(" ")
        if what == "reaction":
            await self._toggle(pos, which)
        elif what == "button":
            await self._press(pos, int(which))
        else:
            await self._menu(pos)

    async def _press(self, pos: int, number: int) -> None:
        """Press a button of a bot, counted from 1."""
        app, message = self._app, self._message(pos)
        buttons = buttons_of(message)
        if 1 <= number <= len(buttons):
            chosen = buttons[number - 1]
            await app.client.press(app.desk.group(), pos, chosen.id)
            app.note([[("dim", app.words("pressed", button=clean(chosen.label)))]])

    def _message(self, pos: int) -> Message | None:
        transcript = self._app.transcript
        return transcript.messages.get(pos) if transcript is not None else None

    async def _menu(self, pos: int) -> None:
        app, words, message = self._app, self._app.words, self._message(pos)
        if message is None:
            return
        choices = [
            Choice(f"button {number}", self.look(("accent", f"{number}  "), ("bold", clean(button.label))), str(number))
            for number, button in enumerate(buttons_of(message), 1)
        ]
        kept = await self._kept(pos)
        sender = clean(app.render_text.name(message.sender))
        for name in self.allowed(message):
            named = {"name": sender} if name == "person" else {}
            text = words(f"act_un{name}" if name in kept else f"act_{name}", **named)
            key = KEY_OF.get(name, "")
            choices.append(Choice(name, self.look(("accent", f"{key or ' '}  "), ("text", text)), key))
        picked = await self.pick(words("title_actions", pos=pos), choices)
        if picked is not None and picked.startswith("button "):
            await self.press(pos, picked)
        elif picked is not None:
            await self.act(pos, picked)

    async def act(self, pos: int, name: str) -> None:
        """Do something with a message. Raises `ChatdError`."""
        message = self._message(pos)
        if message is not None and name in self.allowed(message):
            await self._does[name](message)
        elif message is not None:
            self._app.note([[("dim", self._app.words(self._why_not(message, name)))]])

    def _why_not(self, message: Message, name: str) -> str:
        """Which words say why that cannot be done with a message."""
        own = self._app.render_text.is_me(message.sender)
        if name == "quote":
            return "no_answer"
        if name == "person":
            return "own_message"
        if message.recalled is not None:
            return "was_recalled"
        return "edit_own_only" if name == "edit" and not own else "not_now"

    def allowed(self, message: Message) -> list[str]:
        """What one may do with a message now, as far as that is known here."""
        app = self._app
        line, hello = app.state.lines.get(app.state.open or ""), app.client.hello
        if line is None or hello is None:
            return []
        standing = Standing(
            me=hello.user,
            line=line,
            info=app.conversation.info,
            roles={one.user: one.role for one in app.conversation.members},
            now_ms=app.state.server_ms(),
            window_ms=int(hello.bounds.recall_window_s * 1000),
            receipts=line.members <= hello.bounds.receipt_group_members,
        )
        return list(acts_on(message, standing))

    async def _kept(self, pos: int) -> set[str]:
        """Of `pin` and `feature`, what a message is already. Raises `ChatdError`."""
        client, group = self._app.client, self._app.desk.group()
        pinned = any(one.entry.get("pos") == pos for one in (await client.list_pins(group)).pins)
        newest = (await client.list_featured(group, before=pos + 1, limit=1)).posts
        featured = any(one.entry.get("pos") == pos for one in newest)
        return {name for name, is_so in (("pin", pinned), ("feature", featured)) if is_so}

    async def _reply(self, message: Message) -> None:
        self._app.aim(reply_to=message.pos)

    async def _edit(self, message: Message) -> None:
        if isinstance(message.body, kinds.TextContent):
            self._app.aim(editing=message.pos)
            self._app.composer.put(message.body.text)

    async def _recall(self, message: Message) -> None:
        if await self.sure(self._app.words("sure_recall")):
            await self._app.client.recall(self._app.desk.group(), message.pos)

    async def _react(self, message: Message) -> None:
        words = self._app.words
        choices = [Choice(sign, Text(sign)) for sign in EMOJI]
        picked = await self.pick(words("title_react", pos=message.pos), choices, ask=words("ask_emoji"), free=True)
        if picked is not None:
            await self._toggle(message.pos, picked.removeprefix(FREE))

    async def _pin(self, message: Message) -> None:
        client, group = self._app.client, self._app.desk.group()
        pinned = "pin" in await self._kept(message.pos)
        await (client.unpin(group, message.pos) if pinned else client.pin(group, message.pos))

    async def _feature(self, message: Message) -> None:
        client, group = self._app.client, self._app.desk.group()
        featured = "feature" in await self._kept(message.pos)
        await (client.unfeature(group, message.pos) if featured else client.feature(group, message.pos))

    async def _forward(self, message: Message) -> None:
        app, group = self._app, self._app.desk.group()
        target = await app.views.pick_group(app.words("title_forward", pos=message.pos))
        if target is not None:
            await app.client.forward(target, group, [message.pos])

    async def _receipts(self, message: Message) -> None:
        self._app.state.note_shown(message.pos, message.seq, message.section)
        await self._app.desk.do(f"/receipts {message.pos}")

    async def _quoted(self, message: Message) -> None:
        if message.reply_to is not None:
            await self._app.jump(self._app.desk.group(), message.reply_to, message.section)

    async def _person(self, message: Message) -> None:
        await about_person(self, self._app, message.sender)

    async def _copy(self, message: Message) -> None:
        app = self._app
        text = app.render_text.text(message) if message.recalled is None else ""
        if isinstance(message.body, kinds.TextContent) and message.body.text:
            text = message.body.text
        if text:
            app.copy_to_clipboard(text)
        app.note([[("dim", app.words("copied" if text else "cannot_copy"))]])

    async def _toggle(self, pos: int, emoji: str) -> None:
        """React, or take it back where one has reacted so."""
        app = self._app
        group = app.desk.group()
        await self.learn_own(pos)
        transcript = app.transcript
        if transcript is not None and emoji in transcript.mine.get(pos, ()):
            await app.client.unreact(group, pos, emoji)
        else:
            await app.client.react(group, pos, emoji)

    async def learn_own(self, pos: int) -> None:
        """Which of the reactions to a message are one's own."""
        app, message = self._app, self._message(pos)
        transcript = app.transcript
        if transcript is None or message is None or not message.reactions or pos in transcript.mine:
            return
        with suppress(ChatdError, ClientClosed):
            page = await app.client.list_reactions(transcript.group, pos)
            me = app.client.hello.user if app.client.hello else ""
            transcript.mine[pos] = {sign for one in page.reactions if one.user == me for sign in one.emoji}
            app.timeline.touch()

    async def _who_reacted(self, message: Message) -> None:
        app = self._app
        page = await app.client.list_reactions(app.desk.group(), message.pos)
        await app.state.names.learn(one.user for one in page.reactions)
        by: dict[str, list[str]] = {}
        for one in page.reactions:
            for sign in one.emoji:
                by.setdefault(sign, []).append(clean(app.render_text.name(one.user)))
        rows = [app.words("reacted_by", emoji=clean(sign), names=app.words.listed(names)) for sign, names in by.items()]
        app.push_screen(Sheet(app.words("act_reactions"), Text("\n".join(rows)), app.words("keys_sheet")))


def buttons_of(message: Message | None) -> list[MenuButton]:
    """The buttons of a bot's message, as they are counted."""
    body = message.body if message is not None and message.recalled is None else None
    return [button for row in body.menu for button in row] if isinstance(body, kinds.TextContent) else []


_ACTS: Final = {
    "r": "reply",
    "e": "edit",
    "x": "recall",
    "+": "react",
    "p": "pin",
    "f": "feature",
    "w": "forward",
    "c": "copy",
    "i": "person",
    "q": "quote",
}
KEY_OF: Final = {name: key for key, name in _ACTS.items()}
