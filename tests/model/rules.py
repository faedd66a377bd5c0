"""The rules of the chat once more, as plainly as they can be said: what the server is judged by. One noun, one file.

One command at a time. This module must not import the server's rules, know sockets, or care for speed; where it and the
server disagree, one of them is wrong.
"""

from __future__ import annotations

from tests.model.bounds import Bounds
from tests.model.nouns import Entry, Group, Json, No, Stay
from tests.model.rules_bans import Bans
from tests.model.rules_boards import Boards
from tests.model.rules_bots import Bots
from tests.model.rules_chats import Chats
from tests.model.rules_contacts import Contacts
from tests.model.rules_forwards import Forwards
from tests.model.rules_invites import Invites
from tests.model.rules_ownership import Ownership
from tests.model.rules_retention import Retention

__all__ = ["Bounds", "Entry", "Group", "Json", "No", "Stay", "World"]


class World(Contacts, Ownership, Bans, Invites, Forwards, Boards, Bots, Chats, Retention):
    """All of it."""

    def command(self, user: str, op: str, data: Json, now: int, fresh: Json) -> Json:
        """Judge and carry out one command. `fresh`: the server's answer, for ids and secrets that it draws, and for
        nothing else. Raises `No`."""
        before = self.accepted.get((user, data["cid"]))
        if before is not None:
            if before[:2] != (op, data):
                raise No("conflict")
            return before[2]
        self.now, self.fresh = now, fresh
        answer: Json = getattr(self, "_" + op.replace(".", "_"))(user, data)
        self.accepted[user, data["cid"]] = (op, data, answer)
        return answer
