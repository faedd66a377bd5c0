"""What a bot remembers of a person, a group, a person in a group: plain maps that are kept with the cursor.

A handler changes them like any `dict`; they are written in the one transaction that says that its entry has been
handled, and not at all if the handler fails. Values are what JSON can hold.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from chatd_client.bots.store import DOCUMENT_MAX_BYTES, DocumentKey
from chatd_client.bots.words import Lang

Document = dict[str, Any]


class MemoryFull(Exception):
    """One map holds more than 65,536 bytes as JSON."""

    def __init__(self, key: DocumentKey) -> None:
        super().__init__(f"what the bot remembers in `{key[0]}` exceeds {DOCUMENT_MAX_BYTES} bytes as JSON")


class Recollection:
    """The maps that one handling has seen, and what became of them."""

    def __init__(self, kept: Mapping[DocumentKey, bytes]) -> None:
        self._kept = dict(kept)
        self._open: dict[DocumentKey, Document] = {}

    def document(self, key: DocumentKey) -> Document:
        """The map as it is now."""
        if key not in self._open:
            raw = self._kept.get(key)
            self._open[key] = {} if raw is None else msgspec.json.decode(raw)
        return self._open[key]

    def add(self, key: DocumentKey, raw: bytes | None) -> None:
        """One more, read later."""
        if key not in self._open and raw is not None:
            self._kept[key] = raw

    def changes(self) -> dict[DocumentKey, bytes | None]:
        """Those that changed, encoded; an empty map is kept no more. Raises `MemoryFull`, `TypeError` for what JSON
        cannot hold."""
        changed: dict[DocumentKey, bytes | None] = {}
        for key, document in self._open.items():
            raw = msgspec.json.encode(document) if document else None
            if raw is not None and len(raw) > DOCUMENT_MAX_BYTES:
                raise MemoryFull(key)
            if raw != self._kept.get(key):
                changed[key] = raw
        return changed

    def keep(self) -> dict[DocumentKey, bytes | None]:
        """What `changes` says is true from here on."""
        changed = self.changes()
        for key, raw in changed.items():
            if raw is None:
                self._kept.pop(key, None)
            else:
                self._kept[key] = raw
        return changed

    def forget(self) -> None:
        """The handler failed: what it changed did not happen."""
        self._open.clear()


class Memory:
    """What the bot remembers, as a handler sees it."""

    def __init__(
        self, documents: Recollection, group: str, user: str, share: Callable[[], Awaitable[Document]]
    ) -> None:
        self._documents = documents
        self._group = group
        self._user = user
        self._share = share

    @property
    def user(self) -> Document:
        """Of this person, wherever they are."""
        return self._documents.document(("user", self._user))

    @property
    def group(self) -> Document:
        """Of this group."""
        return self._documents.document(("group", self._group))

    @property
    def member(self) -> Document:
        """Of this person in this group."""
        return self._documents.document(("member", f"{self._group} {self._user}"))

    async def shared(self) -> Document:
        """Of everything; until the handler has returned, nobody else has it."""
        return await self._share()

    def lang(self) -> Lang | None:
        """The language of this person, else of this group, as far as they have shown it."""
        for owner in (self._user, self._group):
            if owner:
                kept = self._documents.document(("lang", owner)).get("is")
                if kept in {"en", "zh"}:
                    return "zh" if kept == "zh" else "en"
        return None

    def note_lang(self, lang: Lang) -> None:
        """This person wrote in this language here."""
        for owner in (self._user, self._group):
            self._documents.document(("lang", owner))["is"] = lang


def keys_of(group: str, user: str) -> list[DocumentKey]:
    """What a handling may look at."""
    keys = [("group", group), ("lang", group)] if group else []
    if user:
        keys += [("user", user), ("lang", user)]
    return keys + ([("member", f"{group} {user}")] if group and user else [])
