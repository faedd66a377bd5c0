"""Acts that concern nobody else, or one other: the chat list, nicknames, requests for a direct chat, privacy."""

from __future__ import annotations

from tests.model.picks import Act, Json, Picks, pick


class OwnActs(Picks):
    """Each turns numbers into one request, or None."""

    def keep(self, user: str, b: int, c: int) -> Act | None:
        """`chat.update`."""
        until = {"until": self.short(self.world.now + 100_000)} if c % 2 else {}
        change: Json = (
            {"pinned": True, "order": 1 + c % 3},
            {"pinned": True} if self.clocked else {"pinned": True, "order": 2},
            {"pinned": False},
            {"archived": True},
            {"archived": False, "level": "all"},
            {"level": ("mentions", "none")[c % 2]} | until,
            {"marked": True},
            {"marked": c % 2 == 0, "pinned": False},
        )[b % 8]
        return self.in_group(user, "chat.update", c, change)

    def nickname(self, user: str, b: int, c: int) -> Act | None:
        return self.in_group(user, "nickname.set", b, {"nickname": f"阿{c}" if c % 4 else ""})

    def contact(self, user: str, b: int, c: int) -> Act:
        words = {"text": self.text()} if c % 2 else {}
        return Act(user, "contact.request", {"user": self.other(b), "cid": self.cid()} | words)

    def settle_contact(self, user: str, op: str, b: int) -> Act:
        """Mostly on what waits."""
        asked = [(a, b) for (a, b), one in self.world.contacts.items() if one["state"] == "waiting"]
        user, asker = pick([pair for pair in asked if pair[0] in self.present], b) or (user, self.other(b))
        return Act(user, op, {"user": asker, "cid": self.cid()})

    def receipts(self, user: str, _: int, c: int) -> Act:
        return Act(user, "privacy.set", {"receipts": c % 4 > 0, "cid": self.cid()})

    def wish(self, user: str, b: int, c: int) -> Act:
        """Whether one may be pulled in."""
        user = self.other(b) if self.other(b) in self.present else user
        return Act(user, "privacy.set", {"pull": ("ask", "ask", "nobody", "mutual")[c % 4], "cid": self.cid()})

    def no_requests(self, user: str, _: int, c: int) -> Act:
        return Act(user, "privacy.set", {"requests": c % 2 == 0, "cid": self.cid()})
