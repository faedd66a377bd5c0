"""The rows that invites are kept in: values, no rules. A part of their own because the facts know them too."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from chatd.core.records import Record


class Invite(Record):
    """One invite. `secret` is the keyed hash of its token or code; a directed one has none and names its `target`.
    `made_pos`: the newest entry of the group when it was made. `pull`: it asks somebody who would else have been pulled
    in (`pulls`)."""

    table: ClassVar[str] = "invites"

    invite_id: str
    secret: str | None
    group_id: str
    maker: str
    kind: str
    role: str
    target: str | None
    approval: bool
    note: str
    created_at: int
    made_pos: int
    expires_at: int | None
    max_uses: int | None
    uses: int = 0
    revoked_at: int | None = None
    pull: bool = False
    declined_at: int | None = None
    """When its target said no, which nobody else is told."""

    def state(self, void_pos: int, now_ms: int) -> str:
        """Whether it is open by itself, or why not. `void_pos`: its maker's."""
        if self.revoked_at is not None:
            return "revoked"
        if self.made_pos < void_pos:
            return "void"
        if self.expires_at is not None and self.expires_at <= now_ms:
            return "expired"
        return "used_up" if self.used_up else "open"

    @property
    def used_up(self) -> bool:
        return self.max_uses is not None and self.uses >= self.max_uses


class Maker(Record):
    """Somebody who makes invites, in one group. `open`: invite -> when it expires (ms, 0: never). Invites made before
    the entry `void_pos` are dead: one row, written without reading it, ends all that somebody made."""

    table: ClassVar[str] = "invite_makers"
    key_fields: ClassVar[int] = 2

    group_id: str
    user_id: str
    open: dict[str, int]
    void_pos: int = 0

    def opened(self, invite: str, expires_at: int | None, now_ms: int) -> Maker:
        """With one more, and without those that have expired."""
        return replace(self, open=self.still_open(now_ms) | {invite: expires_at or 0})

    def still_open(self, now_ms: int) -> dict[str, int]:
        """Those that have not expired."""
        return {one: at for one, at in self.open.items() if not at or at > now_ms}

    def closed(self, invite: str) -> Maker:
        """With one less."""
        return replace(self, open={one: at for one, at in self.open.items() if one != invite})

    def count_open(self, now_ms: int) -> int:
        """How many count against the quota."""
        return len(self.still_open(now_ms))
