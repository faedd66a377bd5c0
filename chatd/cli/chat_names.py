"""People by name: whose name an entry needs, what `@name` in a typed line means, and what it could become. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from chatd_protocol import log
from chatd_protocol.kinds import ENTITIES_MAX, Entity

ALL: Final = ("all", "所有人")
"""How everybody is called, in both languages."""


def users_in(entry: log.Entry | log.UnknownEntry) -> set[str]:
    """Everybody whose name is needed to show an entry."""
    match entry:
        case log.Message(sender=sender, quote=quote, recalled=recalled):
            return {sender} | ({quote.sender} if quote else set()) | ({recalled.by} if recalled else set())
        case log.MembersChanged(joined=joined, left=left):
            people = {one.user for one in joined} | {one.by for one in joined if one.by}
            return people | {one.user for one in left} | {one.by for one in left if one.by}
        case log.RoleChanged(by=by, user=user):
            return {user} | ({by} if by else set())
        case log.Erased(user=user):
            return {user}
        case log.NicknamesChanged(names=names):
            return {one.user for one in names}
        case log.Hidden() | log.UnknownEntry() | log.CardChanged():
            return set()
        case log.OwnerChanged(user=user, before=before, by=by):
            return {user, before} | ({by} if by else set())
        case _:
            return {entry.by} if entry.by else set()


def mentions_in(text: str, people: Mapping[str, str]) -> list[Entity]:
    """The mentions in a text: `@` at its beginning or behind a space, and the longest name that fits."""
    names = sorted([*people, *ALL], key=len, reverse=True)
    found: list[Entity] = []
    start = text.find("@")
    while start >= 0 and len(found) < ENTITIES_MAX:
        name = next((name for name in names if name and _stands_at(text, name, start + 1)), None)
        if name is not None and (start == 0 or text[start - 1].isspace()):
            user = people.get(name)
            found.append(Entity(start, len(name) + 1, user=user, all=user is None))
        start = text.find("@", start + 1)
    return found


def _stands_at(text: str, name: str, start: int) -> bool:
    """Whether this very word stands there; behind a Chinese name anything may follow."""
    end = start + len(name)
    if text[start:end] != name:
        return False
    return end == len(text) or not name[-1].isascii() or not (text[end].isascii() and text[end].isalnum())


class NameCompleter(Completer):
    """Offers names behind an `@`, when asked for with the tab key."""

    def __init__(self, people: Callable[[], Iterable[str]]) -> None:
        self._people = people

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Those that begin with what stands behind the last `@`."""
        _, at, begun = document.text_before_cursor.rpartition("@")
        if not at:
            return
        for name in self._people():
            if name.startswith(begun):
                yield Completion(name + " ", start_position=-len(begun), display=name)
