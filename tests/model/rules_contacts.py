"""The rules of asking somebody who is not mutual for a direct chat: once, and they say yes or nothing."""

from __future__ import annotations

from tests.model.nouns import Anything, Json, No
from tests.model.rules_groups import Groups
from tests.model.rules_relations import Relations


class Contacts(Relations, Groups):
    """One method per op."""

    def _contact_request(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        if self.mutual(user, other):
            return {"user": other, "state": "mutual"}
        # Somebody who is blocked gets the answer that everybody gets, and nobody hears of it.
        heard = (other, user) not in self.blocks
        if (user, other) in self.blocks or (other in self.no_requests and heard):
            raise No("not_mutual")
        if (other, user) in self.contacts:
            return {"user": other, "state": "already"}
        text = data.get("text", "")
        self.contacts[other, user] = {"state": "waiting" if heard else "unseen", "text": text, "at": self.now}
        if heard:
            self._log(other, "contact", None, by=user, text=text or None)
        return {"user": other, "state": "sent"}

    def _contact_accept(self, user: str, data: Json) -> Json:
        asker, contact = data["user"], self._waiting(user, data)
        if self.apart(user, asker):
            raise No("not_mutual")
        group = self.direct_of(user, asker)
        fresh = group is None
        if group is None:
            self._check_places(user)
            self._check_places(asker)
            group = self._found_direct(asker, user)
        group.accepted = True
        self._settle_direct(user, asker)
        if fresh and contact["text"]:
            entry = self._append(group, "message", asker, {}, Anything())
            entry.seq, entry.text = 1, contact["text"]
            self.mark_read(asker, group.id, entry.seq)
        contact["state"] = "accepted"
        return {"user": asker, "group": group.id}

    def _contact_decline(self, user: str, data: Json) -> Json:
        self._waiting(user, data)["state"] = "declined"
        return {}

    def _waiting(self, user: str, data: Json) -> Json:
        contact = self.contacts.get((user, data["user"]))
        if contact is None or contact["state"] != "waiting":
            raise No("not_found")
        return contact
