"""The rules of a group's door, of requests to come in, and of who brought whom."""

from __future__ import annotations

from tests.model.nouns import RANK, Group, Invite, Json, No, Request
from tests.model.rules_members import Members

DOORS = ("open", "approval", "question")


class Requests(Members):
    """One method per op."""

    def _group_entry(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if group.kind == "direct" or RANK[stay.role] < RANK[group.rights["edit"]]:
            raise No("forbidden")
        self._check_writable(group)
        changed: Json = {name: data[name] for name in ("entry", "question", "invites") if name in data}
        asks = changed.get("entry", group.entry) == "question"
        if asks and not changed.get("question", group.question).strip():
            raise No("invalid")
        for name, value in changed.items():
            setattr(group, name, value)
        return {"group": group.id, "pos": self._append(group, "settings", user, changed).pos}

    def _group_join(self, user: str, data: Json) -> Json:
        group = self.groups.get(data["group"])
        if group is None or group.kind == "direct":
            raise No("not_found")
        if group.stay(user):
            return {"group": group.id, "result": "already"}
        if user in group.bans or group.entry not in DOORS or group.read_only:
            raise No("not_found")
        if group.entry != "open":
            return self._ask(group, user, data.get("answer", ""), group.entry, None)
        before = group.stays.get(user)
        if before and before[-1].why == "kicked":
            raise No("forbidden")
        if not self._has_place(group, user):
            raise No("limit")
        pos = self._join(group, user, None, how="open")
        self._brought(group, user, None, None)
        return {"group": group.id, "result": "added", "pos": pos}

    def _request_create(self, user: str, data: Json) -> Json:
        return self._group_join(user, data)

    def _ask(self, group: Group, user: str, answer: str, entry: str, invite: Invite | None) -> Json:
        before = group.requests.get(user)
        if before is not None and before.state == "pending":
            return {"group": group.id, "result": "pending"}
        if entry == "question" and not answer.strip():
            raise No("invalid")
        if before is not None and self.now - before.at < self.bounds.request_again_ms:
            raise No("rate_limited")
        if sum(one.state == "pending" for one in group.requests.values()) >= self.bounds.requests_per_group:
            raise No("limit")
        number = before.number + 1 if before else 1
        by = (invite.role, invite.id, invite.maker) if invite else ("member", None, None)
        group.requests[user] = Request(number, "pending", self.now, answer, *by)
        self._tell(group, user, None)
        return {"group": group.id, "result": "pending"}

    def _tell(self, group: Group, user: str, by: str | None) -> None:
        """Those who decide, the first of them, and who asked learn how a request stands."""
        request = group.requests[user]
        may = [one for one in group.staff[: self.bounds.staff_told] if self.may_admit(group, one)]
        for one in (*may, user):
            self._log(one, "request", group.id, user=user, number=request.number, state=request.state, by=by)

    def may_admit(self, group: Group, user: str) -> bool:
        role = group.role(user)
        return role is not None and RANK[role] >= RANK[group.rights["admit"]]

    def _request_approve(self, user: str, data: Json) -> Json:
        group, request = self._to_decide(user, data)
        other = data["user"]
        answer: Json = {"group": group.id, "user": other, "state": "approved"}
        self._check_writable(group)
        if not group.stay(other):
            if other in group.bans:
                raise No("forbidden")
            if not self._has_place(group, other):
                raise No("limit")
            role = request.role if RANK[request.role] <= RANK[str(group.role(user))] else "member"
            answer["pos"] = self._join(group, other, user, role, how="request")
            self._brought(group, other, request.inviter, request.invite)
            invite = self.invites.get(request.invite or "")
            if invite is not None and (invite.max_uses is None or invite.uses < invite.max_uses):
                invite.uses += 1
        request.state = "approved"
        self._tell(group, other, user)
        return answer

    def _request_refuse(self, user: str, data: Json) -> Json:
        group, request = self._to_decide(user, data)
        request.state = "refused"
        self._tell(group, data["user"], user)
        return {"group": group.id, "user": data["user"], "state": "refused"}

    def _to_decide(self, user: str, data: Json) -> tuple[Group, Request]:
        group, _ = self._inside_as(user, data, "admit")
        request = group.requests.get(data["user"])
        if request is None or data["number"] > request.number:
            raise No("not_found")
        if data["number"] < request.number or request.state != "pending":
            raise No("already_decided")
        return group, request

    def _request_withdraw(self, user: str, data: Json) -> Json:
        group = self.groups.get(data["group"])
        request = group.requests.get(user) if group else None
        if group is None or request is None:
            raise No("not_found")
        if request.state != "pending":
            raise No("already_decided")
        request.state = "withdrawn"
        self._tell(group, user, None)
        return {"group": group.id, "user": user, "state": "withdrawn"}
