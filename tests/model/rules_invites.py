"""The rules of invites: making and taking them up, and who may be brought in by whom."""

from __future__ import annotations

from tests.model.nouns import RANK, Group, Invite, Json, No
from tests.model.rules_pulls import Pulls
from tests.model.rules_requests import Requests

NO_CODE = "2" * 14
"""No invite's; a zero is a code without a mistake."""


class Invites(Requests, Pulls):
    """One method per op."""

    def _invite_create(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        role, target = data.get("role", "member"), data.get("user")
        if group.kind == "direct" or RANK[role] > RANK[stay.role]:
            raise No("forbidden")
        self._check_writable(group)
        self._inside_as(user, data, "invite")
        if target is not None:
            if target not in self.known:
                raise No("not_found")
            if target in self.bots:
                raise No("not_for_bots")
            if target == user:
                raise No("invalid")
        if len(self.open_invites(group, user)) >= self.bounds.invites_open:
            raise No("limit")
        invite = self._made(group, user, data)
        self.invites[invite.id] = invite
        group.open_entry = None  # who comes or goes from here on is seen to do so later
        if target is not None and not self.apart(user, target):
            self._log(target, "invited", group.id, invite=invite.id, by=user)
        answer = {"invite": invite.id, "group": group.id, "kind": invite.kind}
        secrets = {"link": {"token": invite.secret, "link": f"/i/{invite.secret}"}, "code": {"code": invite.secret}}
        expires = {} if invite.expires is None else {"expires": invite.expires}
        return answer | secrets.get(invite.kind, {}) | expires

    def _made(self, group: Group, user: str, data: Json) -> Invite:
        fresh, group.acts = self.fresh, group.acts + 1
        return Invite(
            id=fresh.get("invite", "?"),
            group=group.id,
            kind=data["kind"],
            maker=user,
            role=data.get("role", "member"),
            made_at=self.now,
            expires=self.now + data["expires_in"] * 1000 if "expires_in" in data else None,
            max_uses=1 if data["kind"] == "directed" else data.get("max_uses"),
            target=data.get("user"),
            approval=data.get("approval", False),
            secret=str(fresh.get("token") or fresh.get("code") or ""),
            made=group.acts,
        )

    def _invite_revoke(self, user: str, data: Json) -> Json:
        invite = self.invites.get(data["invite"])
        if invite is None:
            raise No("not_found")
        group = self.groups[invite.group]
        if invite.maker != user:
            role = group.role(user)
            if role is None or RANK[role] < RANK["admin"]:
                raise No("not_found")
            maker = group.role(invite.maker)
            if maker is not None and RANK[role] <= RANK[maker]:
                raise No("forbidden")
        invite.dead = "revoked"
        return {"invite": invite.id}

    def _invite_decline(self, user: str, data: Json) -> Json:
        invite = self.invites.get(data["invite"])
        if invite is None or invite.target != user:
            raise No("not_found")
        if not invite.declined and invite.uses < (invite.max_uses or 0):
            invite.declined = True
            self._log(user, "declined", invite.group, invite=invite.id)
        return {"invite": invite.id}

    def _invite_redeem(self, user: str, data: Json) -> Json:
        invite = self.named_invite(user, data)
        if invite is None:
            raise No("invite_invalid")
        group = self.groups[invite.group]
        if group.stay(user):
            return {"group": group.id, "result": "already"}
        if not self.admits(invite, user, self.now):
            raise No("invite_invalid")
        entry = "approval" if invite.approval and group.entry != "question" else group.entry
        if entry in ("approval", "question") and not invite.pull:
            return self._ask(group, user, data.get("answer", ""), entry, invite)
        if not self._has_place(group, user):
            raise No("limit")
        pos = self._join(group, user, invite.maker, invite.role, how="invite")
        self._brought(group, user, invite.maker, invite.id)
        invite.uses += 1
        return {"group": group.id, "result": "added", "pos": pos}

    # -- questions

    def named_invite(self, user: str, data: Json) -> Invite | None:
        """The invite that somebody means; a directed one is nobody else's."""
        if "secret" in data:
            found = (one for one in self.invites.values() if one.secret and one.secret == data["secret"])
            return next(found, None)
        invite = self.invites.get(data["invite"])
        return invite if invite is not None and invite.target == user else None

    def admits(self, invite: Invite, user: str, now: int) -> bool:
        """Whether somebody who is not in can do something with an invite."""
        group = self.groups[invite.group]
        if group.read_only or invite.state(now) != "open" or not self._counts(group, invite):
            return False
        if user == invite.maker or self.apart(user, invite.maker) or user in group.bans:
            return False
        if invite.declined or ((invite.pull or group.invites == "mutual_only") and not self.mutual(user, invite.maker)):
            return False
        before = group.stays.get(user)
        return not before or before[-1].why != "kicked" or self._calls_back(group, invite, user)

    def _counts(self, group: Group, invite: Invite) -> bool:
        """Whether the maker could make it now. Who left by themselves leaves what members may make behind."""
        role = group.role(invite.maker)
        if role is None:
            left = group.stays[invite.maker][-1].why == "left" and invite.maker not in group.bans
            return left and RANK[invite.role] <= RANK["member"] and not invite.pull
        right = "pull" if invite.pull else "invite"
        return RANK[role] >= RANK[group.rights[right]] and RANK[invite.role] <= RANK[role]

    def _calls_back(self, group: Group, invite: Invite, user: str) -> bool:
        """Somebody who was kicked comes back by what an admin made since."""
        role = group.role(invite.maker)
        return role in ("admin", "owner") and invite.made > group.gone_act[user]
