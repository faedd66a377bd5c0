"""Who is in which group of a stage: groups, members, invites, who follows whom. One function per op."""

from __future__ import annotations

from typing import Any

from chatd_client.bots.ops import derive_cid
from chatd_client.bots.testing.stage import Stage, StageUser
from chatd_client.bots.testing.stage_group import StageGroup
from chatd_client.errors import ChatdError
from chatd_protocol import groups, invites, relations, requests, users
from chatd_protocol.log import Created, Joined, Left, MembersChanged
from chatd_protocol.values import View


def create_group(stage: Stage, user: StageUser, request: groups.CreateGroup) -> View:
    now = stage.clock.now_ms()
    makers = [user.id]
    if request.kind == "direct":
        other = stage.users.get(request.user or "")
        if other is None:
            raise ChatdError("not_found")
        for old in stage.groups.values():
            if old.kind == "direct" and set(old.members) == {user.id, other.id}:
                return groups.CreateGroupOk(old.id, 1, created=False)
        if not other.bot and not _mutual(user, other):
            raise ChatdError("not_mutual")
        makers.append(other.id)
    group = stage.new_group(request.kind, request.title or "", user.id)
    for one in makers:
        group.let_in(one, now, "owner" if one == user.id and request.kind != "direct" else "member")
    for one in makers:
        stage.add_mine(one, "added", group=group.id, pos=1, by=user.id)
    stage.add_entry(group, Created(1, now, user.id, request.kind, makers, request.title or ""))
    return groups.CreateGroupOk(group.id, 1, created=True)


def _mutual(one: StageUser, other: StageUser) -> bool:
    return other.id in one.follows and one.id in other.follows


def add_members(stage: Stage, user: StageUser, request: groups.AddMembers) -> View:
    group = stage.group_of(request.group, user.id)
    results: list[groups.Added] = []
    joined: list[Joined] = []
    for name in request.users:
        other = stage.users.get(name)
        if name in group.members:
            results.append(groups.Added(name, "already"))
        elif other is None or not (other.bot or _mutual(user, other)):
            results.append(groups.Added(name, "not_mutual"))
        else:
            results.append(groups.Added(name, "added"))
            joined.append(Joined(name, user.id, bot=other.bot))
    return groups.AddMembersOk(group.id, results, _let_in(stage, group, joined) if joined else None)


def _let_in(stage: Stage, group: StageGroup, joined: list[Joined]) -> int:
    now, pos = stage.clock.now_ms(), len(group.log) + 1
    for one in joined:
        group.let_in(one.user, now)
        stage.add_mine(one.user, "added", group=group.id, pos=pos, by=one.by, how=one.how)
    return stage.add_entry(group, MembersChanged(pos, now, len(group.members), joined=joined))


def _let_out(stage: Stage, group: StageGroup, left: Left, why: Any) -> int:
    pos = len(group.log) + 1
    del group.members[left.user]
    stage.add_mine(left.user, "removed", group=group.id, pos=pos, by=left.by, why=why)
    return stage.add_entry(group, MembersChanged(pos, stage.clock.now_ms(), len(group.members), left=[left]))


def leave_group(stage: Stage, user: StageUser, request: groups.LeaveGroup) -> View:
    group = stage.group_of(request.group, user.id)
    if group.kind == "direct":
        return groups.LeaveGroupOk(group.id, archived=True)
    if group.members[user.id] == "owner":
        raise ChatdError("owner_must_stay")
    return groups.LeaveGroupOk(group.id, _let_out(stage, group, Left(user.id), "left"))


def kick_member(stage: Stage, user: StageUser, request: groups.KickMember) -> View:
    group = stage.group_of(request.group, user.id)
    if request.user not in group.members:
        raise ChatdError("not_found")
    if group.members[user.id] not in {"owner", "admin"} or group.members[request.user] == "owner":
        raise ChatdError("forbidden")
    return groups.Placed(group.id, _let_out(stage, group, Left(request.user, user.id), "kicked"))


def get_group(stage: Stage, user: StageUser, request: groups.GetGroup) -> View:
    group = stage.group_of(request.group, user.id)
    owner = next((one for one, role in group.members.items() if role == "owner"), None)
    return groups.GroupInfo(group.line(user.id), "", "none", 100, owner, group.log[0].at)


def list_groups(stage: Stage, user: StageUser, request: groups.ListGroups) -> View:
    del request
    return groups.Groups([group.line(user.id) for group in stage.groups.values() if user.id in group.members])


def list_members(stage: Stage, user: StageUser, request: groups.ListMembers) -> View:
    names = {one.id: (one.name, one.bot) for one in stage.users.values()}
    members = stage.group_of(request.group, user.id).listed(names)
    behind = [one for one in members if one.user > (request.after or "")]
    page = behind[: request.limit]
    return groups.Members(page, page[-1].user if len(behind) > len(page) else None)


def get_users(stage: Stage, user: StageUser, request: users.GetUsers) -> View:
    del user
    found = [one for one in stage.users.values() if one.id in request.users or one.sub in request.subs]
    return users.GetUsersOk([users.User(one.id, one.sub, one.name, bot=one.bot) for one in found])


def add_follow(stage: Stage, user: StageUser, request: relations.AddFollow) -> View:
    other = stage.users.get(request.user)
    if other is None:
        raise ChatdError("not_found")
    user.follows.add(other.id)
    return relations.FollowOk(other.id, following=True, mutual=_mutual(user, other))


def create_invite(stage: Stage, user: StageUser, request: invites.CreateInvite) -> View:
    group = stage.group_of(request.group, user.id)
    secret = derive_cid("stage invite", len(stage.invites))
    stage.invites[secret] = (user.id, group.id)
    return invites.InviteMade("i" + secret, group.id, "link", token=secret, link=f"/i/{secret}")


def redeem_invite(stage: Stage, user: StageUser, request: invites.RedeemInvite) -> View:
    made = stage.invites.get(request.secret or "")
    if made is None:
        raise ChatdError("invite_invalid")
    maker, group = made[0], stage.groups[made[1]]
    if user.id in group.members:
        return requests.Entered(group.id, "already")
    return requests.Entered(group.id, "added", _let_in(stage, group, [Joined(user.id, maker, "invite")]))
