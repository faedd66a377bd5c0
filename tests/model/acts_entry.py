"""Acts at the door: invites, requests, public groups, bans."""

from __future__ import annotations

from tests.model.picks import Act, Json, Picks, pick
from tests.model.rules_invites import NO_CODE


class EntryActs(Picks):
    """Each turns numbers into one request, or None."""

    def invite(self, user: str, kind: str, b: int, c: int) -> Act | None:
        data: Json = {"kind": kind} | ({"user": self.other(c)} if kind == "directed" else {})
        data |= {"max_uses": 1 + c % 2} if c % 3 == 0 and kind != "directed" else {}
        data |= {"expires_in": self.short(50 + 100 * (c % 2))} if c % 4 == 1 else {}
        data |= {"approval": True} if c % 5 == 2 else {}
        data |= {"role": ("admin", "silent", "member")[b % 3]} if b % 4 == 3 else {}
        return self.in_group(user, "invite.create", b, data, boss=b % 2 == 1)

    def redeem(self, user: str, b: int, c: int) -> Act | None:
        """Mostly by somebody who is not in yet."""
        invites = list(self.world.invites.values())
        good = [invite for invite in invites if invite.state(self.world.now) == "open"]
        invite = pick(good if good and b % 5 else invites, -1 - b)
        if invite is None:
            return None
        group = self.world.groups[invite.group]
        if invite.target is not None:
            user = invite.target if c % 5 and invite.target in self.present else user
        else:
            user = pick([one for one in self.present if not group.stay(one)], c) or user
        named: Json = {"secret": invite.secret} if invite.secret else {"invite": invite.id}
        if c % 17 == 16:
            named = {"secret": NO_CODE}
        answer = {"answer": "for the tea"} if c % 3 else {}
        return Act(user, "invite.redeem", {"cid": self.cid()} | named | answer)

    def decline(self, user: str, b: int, c: int) -> Act | None:
        """Mostly what is for them."""
        directed = [one for one in self.world.invites.values() if one.target in self.present]
        invite = pick(directed, -1 - b)
        to = str(invite.target) if invite and c % 5 else user
        return Act(to, "invite.decline", {"invite": invite.id, "cid": self.cid()}) if invite else None

    def oust(self, user: str, b: int, c: int) -> Act | None:
        """Somebody with an invite that is open is kicked, banned or demoted, by whoever may."""
        groups, good = self.world.groups, [i for i in self.world.invites.values() if i.state(self.world.now) == "open"]
        makers = [one for one in good if groups[one.group].role(one.maker) in ("member", "admin")]
        invite = pick(makers, -1 - b)
        if invite is None:
            return None
        data = {"group": invite.group, "user": invite.maker, "cid": self.cid()}
        op = ("member.kick", "member.kick", "member.ban", "member.role")[c % 4]
        owner = str(groups[invite.group].owner())
        return Act(owner if owner in self.present else user, op, data | ({"role": "silent"} if c % 4 == 3 else {}))

    def uninvite(self, user: str, b: int, c: int) -> Act | None:
        invite = pick(list(self.world.invites.values()), -1 - b)
        if invite is None:
            return None
        maker = invite.maker if c % 3 and invite.maker in self.present else user
        return Act(maker, "invite.revoke", {"invite": invite.id, "cid": self.cid()})

    def entry(self, user: str, b: int, c: int) -> Act | None:
        data: Json = {"entry": ("approval", "question", "open", "approval", "invite")[c % 5]}
        data |= {"question": "why?"} if b % 3 else {}
        data |= {"invites": ("anyone", "mutual_only")[c % 2]} if c % 4 == 3 else {}
        return self.in_group(user, "group.entry", b, data, boss=True)

    def join(self, user: str, b: int, c: int) -> Act | None:
        return self._knock(user, "group.join", b, c)

    def ask(self, user: str, b: int, c: int) -> Act | None:
        return self._knock(user, "request.create", b, c)

    def _knock(self, user: str, op: str, b: int, c: int) -> Act | None:
        group, user = self.outside(user, b)
        answer = {"answer": "tea"} if c % 4 else {}
        return Act(user, op, {"group": group.id, "cid": self.cid()} | answer) if group else None

    def decide(self, user: str, op: str, b: int, c: int) -> Act | None:
        """Mostly on what waits, by somebody who may."""
        asked = [(group, one) for group in self.world.groups.values() for one in group.requests]
        waiting = [(group, one) for group, one in asked if group.requests[one].state == "pending"]
        found = pick(waiting if waiting and b % 5 else asked, b)
        if found is None:
            return None
        group, one = found
        number = group.requests[one].number + (c % 13 == 12) - (c % 13 == 11 and group.requests[one].number > 1)
        data = {"group": group.id, "user": one, "number": number, "cid": self.cid()}
        return Act(self.boss(user, group, c), op, data)

    def withdraw(self, user: str, b: int, _: int) -> Act | None:
        groups = list(self.world.groups.values())
        asked = [(group, one) for group in groups for one in group.requests if one in self.present]
        group, one = pick(asked, b) or (pick(groups, b), user)
        return Act(one, "request.withdraw", {"group": group.id, "cid": self.cid()}) if group else None

    def public(self, user: str, b: int, c: int) -> Act:
        title = f"public {b}" if b % 2 else f"苹果园 {b}"
        data: Json = {"cid": self.cid(), "kind": "public", "title": title, "history": ("all", "none", "last:1")[c % 3]}
        return Act(user, "group.create", data | ({"limit": 2 + c % 5} if b % 3 == 0 else {}))

    def ban(self, user: str, b: int, c: int) -> Act | None:
        data: Json = {"reason": "rude", "tell": b % 2 == 0} if c % 3 else {}
        act = self.on_member(user, "member.ban", b, c, data)
        return act._replace(data=act.data | {"user": self.other(b)}) if act and c % 4 == 0 else act

    def unban(self, user: str, b: int, c: int) -> Act | None:
        act = self.on_member(user, "member.unban", b, c, {})
        banned = sorted(self.world.groups[act.data["group"]].bans) if act else []
        return act._replace(data=act.data | {"user": pick(banned, b)}) if act and banned else act
