"""The rules of messages: sending, recalling, editing, reacting."""

from __future__ import annotations

from tests.model.ground import RANK, Entry, Ground, Group, Json, No, Stay


class Messages(Ground):
    """One method per op."""

    def _message_send(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        self._check_writable(group)
        if "after" in data and not self._sent(user, data["after"], group.id):
            raise No("out_of_order")
        if "reply_to" in data:
            self._message(group, stay, data["reply_to"])
        group.seq += 1
        entry = self._append(group, "message", user, {}, data["cid"], data.get("reply_to", 0))
        entry.seq, entry.text = group.seq, data["body"]["text"]
        self.mark_read(user, group.id, group.seq)
        answer = {"group": group.id, "pos": entry.pos, "seq": entry.seq, "cid": entry.cid, "at": entry.at}
        return answer | {"recall_until": entry.at + self.bounds.window_ms}

    def _sent(self, user: str, cid: str, group: str) -> bool:
        op, data, _ = self.accepted.get((user, cid), ("", {}, {}))
        return op == "message.send" and data["group"] == group

    def _message_recall(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        self._check_writable(group)
        entry = self._message(group, stay, data["pos"])
        sender = group.stay(entry.by)
        if entry.by == user:
            self._check_window(entry)
        elif stay.role == "member" or RANK[stay.role] <= RANK[sender.role if sender else "member"]:
            raise No("forbidden")
        change = self._append(group, "recall", user, {}, data["cid"], entry.pos)
        entry.text, entry.signs, entry.recalled = "", {}, {"by": user, "at": change.at}
        return {"group": group.id, "pos": change.pos}

    def _message_edit(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        self._check_writable(group)
        entry = self._message(group, stay, data["pos"])
        if entry.by != user:
            raise No("forbidden")
        self._check_window(entry)
        if entry.version >= self.bounds.edits_per_message:
            raise No("limit")
        entry.version, entry.text = entry.version + 1, data["text"]
        change = self._append(group, "edit", user, {}, data["cid"], entry.pos)
        return {"group": group.id, "pos": change.pos, "target": entry.pos, "version": entry.version}

    def _reaction_add(self, user: str, data: Json) -> Json:
        group, entry = self._reactable(user, data)
        sign = data["emoji"]
        if user in entry.signs.get(sign, ()):
            return {"group": group.id, "target": entry.pos}
        if sign not in entry.signs and len(entry.signs) >= self.bounds.signs_per_message:
            raise No("limit")
        entry.signs.setdefault(sign, set()).add(user)
        return self._reacted(group, entry, user, data, True)

    def _reaction_remove(self, user: str, data: Json) -> Json:
        group, entry = self._reactable(user, data)
        sign = data["emoji"]
        if user not in entry.signs.get(sign, ()):
            return {"group": group.id, "target": entry.pos}
        entry.signs[sign].remove(user)
        if not entry.signs[sign]:
            del entry.signs[sign]
        return self._reacted(group, entry, user, data, False)

    def _reactable(self, user: str, data: Json) -> tuple[Group, Entry]:
        group, stay = self._inside(user, data)
        self._check_writable(group)
        return group, self._message(group, stay, data["pos"])

    def _reacted(self, group: Group, entry: Entry, user: str, data: Json, on: bool) -> Json:
        body = {"emoji": data["emoji"], "on": on}
        change = self._append(group, "reaction", user, body, data["cid"], entry.pos)
        return {"group": group.id, "pos": change.pos, "target": entry.pos}

    def _check_writable(self, group: Group) -> None:
        if group.read_only:
            raise No("read_only")

    def _message(self, group: Group, stay: Stay, pos: int) -> Entry:
        entry = group.log[pos - 1] if pos <= group.head else None
        if entry is None or entry.kind != "message" or pos <= stay.floor:
            raise No("not_found")
        if entry.recalled:
            raise No("gone")
        return entry

    def _check_window(self, entry: Entry) -> None:
        if self.now - entry.at > self.bounds.window_ms:
            raise No("too_late")
