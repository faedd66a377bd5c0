"""What is said of everything that happens in a group beside messages. Pure; `chat_render` puts it in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chatd.cli.chat_cards import card_state, card_title, menu_lines
from chatd.cli.chat_cells import printable
from chatd.cli.chat_words import Words
from chatd_protocol import kinds, log

_WENT: Final[dict[str | None, str]] = {"removed": "put_out", "unfollowed": "fan_left"}
_CAME: Final = {
    None: "joined",
    "invite": "came_by_invite",
    "request": "let_in",
    "open": "came",
    "operator": "added_by_operator",
}
_ACTS: Final = {
    "create": "section_made",
    "close": "section_closed",
    "open": "section_opened",
    "order": "section_ordered",
}
MENU_CELLS: Final = 60
_SETTINGS: Final = (
    *("title", "intro", "history", "limit", "entry", "question", "invites", "rules", "avatar", "rights"),
    "on_unfollow_owner",
)
_CHOSEN: Final = frozenset({"history", "entry", "invites", "on_unfollow_owner"})
"""Settings of which each value is one of a few."""


class Notices:
    """Words for one reader. `name` says how somebody is called, `own_name` how without a nickname, `moment` when
    something is, with its day."""

    def __init__(
        self,
        words: Words,
        name: Callable[[str | None], str],
        own_name: Callable[[str], str],
        moment: Callable[[int], str],
    ) -> None:
        self._words = words
        self._name = name
        self._own_name = own_name
        self._moment = moment

    def end(self, until_ms: int | None) -> str:
        """When something ends, to be put behind a sentence; empty if it does not by itself."""
        return self._words("until", time=self._moment(until_ms)) if until_ms is not None else ""

    def of(self, entry: log.Entry) -> list[str]:
        """Line by line; nothing for what is shown otherwise."""
        return [line for line in self._lines(entry) if line]

    def _lines(self, entry: log.Entry) -> list[str]:
        match entry:
            case log.Created(by=by):
                return [self._words("created", name=self._name(by))]
            case log.MembersChanged():
                return self._moves(entry)
            case log.RoleChanged(by=by, user=user, role=role):
                shown = self._words(f"role_{role}")
                return [self._words("role", by=self._name(by), name=self._name(user), role=shown)]
            case log.NicknamesChanged():
                return [self._called(one) for one in entry.names]
            case log.SettingsChanged():
                return [self._words("settings", by=self._name(entry.by), what=self._settings(entry))]
            case log.Moderated():
                return [self._moderation(entry)]
            case log.SectionsChanged():
                return [self._sections(entry)]
            case log.Erased():
                return [self._words("erased")]
            case log.OwnerChanged() | log.Announced() | log.Dissolved():
                return [self._governed(entry)]
            case _:
                return self._of_message(entry)

    def _of_message(self, entry: log.Entry) -> list[str]:
        """What happened to a message after it was sent."""
        match entry:
            case log.Edited(by=by, target=target, body=body):
                key, text = ("edited_gone", "") if body is None else ("edited", printable(body.text))
                told = [self._words(key, by=self._name(by), target=target, text=text)]
                return told + (menu_lines(body.menu, MENU_CELLS) if body is not None else [])
            case log.Recalled(by=by, target=target):
                return [self._words("recalled", by=self._name(by), target=target)]
            case log.Reacted(by=by, target=target, emoji=emoji):
                key = "reacted" if entry.on else "unreacted"
                return [self._words(key, by=self._name(by), target=target, emoji=printable(emoji))]
            case log.CardChanged(target=target, card=kinds.VideoCard() | kinds.ProductCard() as card):
                what = printable(self._words.beside((card_title(self._words, card), card_state(self._words, card))))
                return [self._words("card_changed", target=target, what=what)]
            case log.Pinned() | log.Unpinned() | log.Featured() | log.Unfeatured():
                return self._board(entry)
            case _:
                return []

    def _called(self, one: log.Nicknamed) -> str:
        key = "called" if one.nickname else "called_nothing"
        return self._words(key, name=self._own_name(one.user), nickname=printable(one.nickname))

    def _board(self, entry: log.Pinned | log.Unpinned | log.Featured | log.Unfeatured) -> list[str]:
        keys = {log.Pinned: "pinned", log.Unpinned: "unpinned", log.Featured: "featured", log.Unfeatured: "unfeatured"}
        quote = entry.quote if isinstance(entry, log.Pinned | log.Featured) else None
        named = {"by": self._name(entry.by), "target": entry.target}
        text = self._quoted(quote)
        said = self._words(keys[type(entry)], **named, text=text)
        return [said if text else said.rstrip(": ：")]

    def _quoted(self, quote: log.Quote | None) -> str:
        """What is left of a message that an entry refers to."""
        if quote is None:
            return ""
        return self._words("quote_recalled", pos=quote.pos) if quote.recalled else printable(quote.text)

    def _governed(self, entry: log.OwnerChanged | log.Announced | log.Dissolved) -> str:
        by = self._name(entry.by)
        match entry:
            case log.OwnerChanged(user=user):
                return self._words("owner_follows" if entry.by is None else "owner", by=by, name=self._name(user))
            case log.Announced(text=text):
                return self._words("announced" if text else "unannounced", by=by, text=printable(text))
            case _:
                until = self._moment(entry.until)
                return self._words("dissolved_by_nobody" if entry.by is None else "dissolved", by=by, until=until)

    def _moves(self, entry: log.MembersChanged) -> list[str]:
        moves = [
            self._words(
                _CAME[one.how], name=self._name(one.user), **({} if one.how == "open" else {"by": self._name(one.by)})
            )
            for one in entry.joined
        ]
        for one in entry.left:
            if one.why == "erased":
                continue  # An entry of its own says so.
            key = "kicked" if one.by is not None else _WENT.get(one.why, "left")
            moves.append(self._words(key, name=self._name(one.user), by=self._name(one.by)))
        return moves

    def _moderation(self, entry: log.Moderated) -> str:
        by = self._name(entry.by)
        if entry.slow_s is not None:
            return self._words(
                "moderation_slow" if entry.slow_s else "moderation_slow_off", by=by, seconds=entry.slow_s
            )
        key = "moderation_restricted" if entry.restricted else "moderation_unrestricted"
        return self._words(key, by=by, until=self.end(entry.until))

    def _sections(self, entry: log.SectionsChanged) -> str:
        one = next((one for one in entry.sections if one.section == entry.section), None)
        title = printable(one.title) if one is not None and one.title else self._words("section_main")
        kind = self._words(f"section_kind_{one.kind}") if one is not None else ""
        return self._words(_ACTS.get(entry.act, "section_changed"), by=self._name(entry.by), title=title, kind=kind)

    def _settings(self, entry: log.SettingsChanged) -> str:
        changed = ((key, getattr(entry, key)) for key in _SETTINGS)
        what = [self._words(f"setting_{key}", value=self._value(key, str(to))) for key, to in changed if to is not None]
        return self._words.listed(what)

    def _value(self, key: str, value: str) -> str:
        """A value of a setting in words, where it has some."""
        if key not in _CHOSEN:
            return printable(value)
        name, _, number = value.partition(":")
        return self._words.choose(f"value_{key}_{name}", "value_other", value=printable(value), number=number)
