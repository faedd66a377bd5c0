"""Where one writes: Enter sends, a pasted text keeps its lines, Tab completes names and commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable
from typing import Any, Final, NamedTuple

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from chatd.cli.chat_called import ALL_NAMES
from chatd.cli.chat_items import Items, Kind
from chatd.cli.chat_names import ALL
from chatd.cli.chat_words import Words
from chatd.cli.screen.cells import clean
from chatd_protocol.bots import BotLine

STEPS: Final = {"up": -1, "down": 1, "pageup": -5, "pagedown": 5}
"""How far a key goes in what is offered."""
_COMPLETING: Final = frozenset({"tab", "shift+tab", "enter", *STEPS})
NEWLINE_KEYS: Final = frozenset({"shift+enter", "alt+enter", "ctrl+j", "ctrl+enter"})


LOOKED_FOR_MAX: Final = 40
"""Of what is typed behind `/product` or `/video`: more is what is said about it."""
_KINDS: Final[dict[str, Kind]] = {"product": "product", "video": "video"}
_SHARES: Final[dict[str, Kind]] = {f"/{name}": _KINDS[known] for name, known in ALL_NAMES.items() if known in _KINDS}


Offer = tuple[str, str, str]
"""A command: its name, how it is written, what it does."""


class Completion(NamedTuple):
    """What could stand there: the text, how much of what is typed it replaces, and a few words about it."""

    text: str
    replaces: int
    about: str = ""


def completions(
    typed: str,
    people: Iterable[str],
    commands: Iterable[Offer],
    items: Items | None = None,
    everybody: Iterable[str] = ALL,
) -> list[Completion]:
    """What the text before the cursor could become: a command at its beginning, an item behind
    `/product` or `/video`, a name behind an `@` at the beginning of a word, those of `everybody` last."""
    command, space, begun = typed.partition(" ")
    kind = _SHARES.get(command) if space and "\n" not in typed else None
    if kind is not None and items is not None:
        seen = items.find(kind, begun)
        return [Completion(f"{command} {item}", len(typed), clean(title)) for item, title in seen if item != begun]
    if typed.startswith("/") and not typed.startswith("//") and " " not in typed and "\n" not in typed:
        begun = typed[1:].lower()
        fits = [one for one in commands if one[0].startswith(begun)]
        return [
            Completion(f"/{name}", len(typed), f"{usage.removeprefix(f'/{name}')}  {about}".strip())
            for name, usage, about in fits
        ]
    head, at, begun = typed.rpartition("@")
    if not at or (head and not head[-1].isspace()):
        return []
    names = [name for name in (*sorted(people), *everybody) if name.casefold().startswith(begun.casefold())]
    return [Completion(f"@{name}", len(begun) + 1) for name in names if name != begun]


def bot_commands(words: Words, bots: Iterable[BotLine], ours: Container[str]) -> list[Offer]:
    """What can be typed for bots, each by a name in the language of `words` first; other names follow. A name that we
    have too, or two bots, is offered with the name of its bot."""
    known = [(bot, one) for bot in bots for one in bot.commands]
    times = Counter(name for _, one in known for name in {one.name, *one.also})
    found, others = [], []
    for bot, one in known:
        names = [f"{name}@{bot.bot}" if name in ours or times[name] > 1 else name for name in (one.name, *one.also)]
        if words.lang == "zh":
            names.sort(key=str.isascii)
        meaning = (one.zh or one.en) if words.lang == "zh" else (one.en or one.zh)
        key = "bot_command" if meaning else "bot_command_bare"
        about = words(key, name=clean(bot.name or bot.bot), about=clean(meaning))
        found.append((names[0], f"/{names[0]}", about))
        others += [(name, f"/{name}", about) for name in names[1:]]
    return [*found, *others]


class Composer(TextArea):
    """A text of some lines."""

    class Sent(Message):
        """Enter was pressed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Asked(Message):
        """A key that means something outside: `up`, `escape`, `pageup`, `pagedown`."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Pasted(Message):
        """A text came from elsewhere."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Looking(Message):
        """An item is being looked for, of which nothing is known here yet."""

        def __init__(self, kind: Kind, begun: str) -> None:
            super().__init__()
            self.kind: Kind = kind
            self.begun = begun

    class Offers(Message):
        """There are other completions now, or another one is the next."""

    def __init__(
        self,
        people: Callable[[], Iterable[str]],
        commands: list[tuple[Offer, Offer]],
        items: Items,
        everybody: str,
        **more: Any,
    ) -> None:
        super().__init__(
            soft_wrap=True, show_line_numbers=False, tab_behavior="focus", highlight_cursor_line=False, **more
        )
        self.cursor_blink = False
        self.offers: list[Completion] = []
        self.offered = 0
        self._offered_for = ""
        """What stood before the cursor when that was looked for."""
        self._left = False
        """Somebody is on the way out, and the app was told."""
        self._people = people
        self._commands = [one for one, _ in commands]
        """In the reader's language."""
        self._elsewhere = [other for _, other in commands if other[0] not in {one[0] for one, _ in commands}]
        """By their other names: taken, and offered once they are begun."""
        self._items = items
        self._everybody = everybody
        self.bot_commands: list[Offer] = []
        """What the bots of the open group know: name, how it is written, what it does. Offered before our own."""

    def put(self, text: str) -> None:
        """Another text, with the cursor behind it."""
        self.text = text
        self.move_cursor(self.document.end)

    @property
    def _known(self) -> list[Offer]:
        return [*self.bot_commands, *self._commands, *self._elsewhere]

    @property
    def before_cursor(self) -> str:
        """What stands before the cursor."""
        return self.get_text_range((0, 0), self.cursor_location)

    def on_text_area_changed(self) -> None:
        self.offer()
        self.look()

    def look(self) -> None:
        """Say so if an item is being looked for."""
        command, space, begun = self.before_cursor.partition(" ")
        if space and command in _SHARES and (not begun or not self.offers) and len(begun) <= LOOKED_FOR_MAX:
            self.post_message(self.Looking(_SHARES[command], begun.strip()))

    def offer(self) -> None:
        """Look what could stand there now."""
        self._offered_for = self.before_cursor
        known = self._known if self._offered_for != "/" else [*self.bot_commands, *self._commands]
        offers = completions(self._offered_for, self._people(), known, self._items, [self._everybody])
        if offers != self.offers:
            self.offers, self.offered = offers, 0
            self.post_message(self.Offers())

    def take_offer(self, index: int | None = None) -> None:
        """Put a completion where one writes: the next one, or the one of this number."""
        if not self.offers:
            return
        chosen = self.offers[self.offered if index is None else min(index, len(self.offers) - 1)]
        row, column = self.cursor_location
        self.replace(chosen.text + " ", (row, column - chosen.replaces), (row, column))
        self.offers = []
        self.post_message(self.Offers())

    async def on_key(self, event: events.Key) -> None:
        if self._left or (self.app.screen is self.screen and self.app.focused is not self):
            event.stop()
            event.prevent_default()
            self.app.post_message(events.Key(event.key, event.character))  # It was meant for where one went.
            return
        bound = self._bindings.key_to_bindings.get(event.key)
        if self._own(event.key):
            pass
        elif bound:  # Where the app did it, what was typed behind it would come before it.
            await self.app.run_action(bound[0].action, self)
        else:
            return
        event.stop()
        event.prevent_default()

    def _own(self, key: str) -> bool:
        """Do what a key means here; False if it is one of any text."""
        if key in _COMPLETING and self.before_cursor != self._offered_for:
            self.offer()  # The key came before the word of what was typed last.
        if key in NEWLINE_KEYS:
            self.insert("\n")
        elif key == "enter":
            self._enter()
        elif key in {"tab", "shift+tab"}:  # Also with nothing to offer: whoever writes goes on writing.
            self.take_offer()
        elif key in STEPS and self.offers:
            step = STEPS[key]
            self.offered = (self.offered + step) % len(self.offers) if abs(step) == 1 else self._far(step)
            self.post_message(self.Offers())
        elif key == "escape" and self.offers:
            self.offers = []
            self.post_message(self.Offers())
        elif key in {"escape", "pageup", "pagedown"} or (
            key == "up" and self.cursor_location[0] == 0 and self.wrapped_document.height >= 1 and self._on_first_row()
        ):
            self._left = key == "up"
            self.post_message(self.Asked(key))
        else:
            return False
        return True

    def let_go(self) -> None:
        """Where somebody went has the keys now."""
        self._left = False

    def _far(self, step: int) -> int:
        return max(0, min(self.offered + step, len(self.offers) - 1))

    def _on_first_row(self) -> bool:
        return self.wrapped_document.location_to_offset(self.cursor_location).y == 0

    def _enter(self) -> None:
        """Send; a command that is begun and not there is completed instead."""
        text = self.text
        name = text[1:].lower()
        if (
            self.offers
            and text.startswith("/")
            and " " not in text
            and name not in {known for known, _, _ in self._known}
        ):
            self.take_offer()
            return
        self.offers = []
        self.post_message(self.Offers())
        if text.strip():
            self.post_message(self.Sent(text))

    def on_paste(self, event: events.Paste) -> None:
        self.post_message(self.Pasted(event.text))
