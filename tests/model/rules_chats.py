"""The rules of what people keep for themselves about a group, and of what they are called in it."""

from __future__ import annotations

from tests.model.nouns import Group, Json, No, Stay
from tests.model.rules_members import Members
from tests.model.rules_moderation import Moderation

PLAIN: Json = {"pinned": 0, "level": "all", "marked": False}


class Chats(Members, Moderation):
    """One method per op. What somebody keeps belongs to one stay."""

    def _chat_update(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        before = stay.chat or PLAIN
        after = dict(before)
        if data.get("pinned"):
            after["pinned"] = data.get("order") or before["pinned"] or self.now
        elif data.get("pinned") is False or data.get("archived"):
            after["pinned"] = 0
        if "level" in data:
            after = {k: v for k, v in after.items() if k != "until"} | {"level": data["level"]}
            after |= {"until": data["until"]} if "until" in data else {}
        after["marked"] = data.get("marked", before["marked"])
        self._change_chat(user, group, stay, after)
        archived = False if data.get("pinned") else data.get("archived")
        if archived is not None:
            self._archive(group, user, archived)
        return {"group": group.id, "chat": stay.chat or PLAIN, "archived": stay.archived}

    def _change_chat(self, user: str, group: Group, stay: Stay, after: Json) -> None:
        if after != (stay.chat or PLAIN):
            stay.chat = after
            self._log(user, "chat", group.id, chat=after)

    def read_ends_mark(self, user: str, group: Group) -> None:
        """Whoever reads or writes in a group has no longer marked it as unread."""
        stay = group.stay(user)
        if stay is not None and stay.chat is not None and stay.chat["marked"]:
            self._change_chat(user, group, stay, stay.chat | {"marked": False})

    def _nickname_set(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if group.kind == "direct":
            raise No("forbidden")
        self._check_writable(group)
        self._check_unrestricted(group, user, stay)
        answer: Json = {"group": group.id, "nickname": data["nickname"]}
        if stay.nickname == data["nickname"]:
            return answer
        stay.nickname = data["nickname"]
        entry = group.open_entry
        if entry is None or entry.kind != "nicknames" or user in [one["user"] for one in entry.body["names"]]:
            entry = self._append(group, "nicknames", "", {"names": []})
            group.open_entry = entry
        entry.body["names"].append({"user": user, "nickname": data["nickname"]})
        return answer | {"pos": entry.pos}
