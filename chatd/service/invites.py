"""Invites: from requests to proposals, what is added to an answer, lists, and who brought whom."""

from __future__ import annotations

from typing import Any, Final

from chatd.core.attribution import Branches
from chatd.core.invite_rows import Invite
from chatd.core.invites import CreateInvite, DeclineInvite, PreviewInvite, RedeemInvite, RevokeInvite
from chatd.core.refusal import Refused
from chatd.core.rights import RANK
from chatd.service.author import Author
from chatd.service.secrets import Secrets
from chatd.store import chats as stored_chats
from chatd.store import invites as stored
from chatd.store.readers import Reader
from chatd_protocol import invites as wire
from chatd_protocol.codec import Invalid
from chatd_protocol.codes import LENGTH, is_code

STAYS_MAX: Final = 200_000
"""A group that was ever joined more often has no tree."""


def create_invite(request: wire.CreateInvite, author: Author) -> CreateInvite:
    """Make one. Raises `Invalid` for a directed one without its user, and for another with one."""
    if (request.kind == "directed") != (request.user is not None):
        raise Invalid("$.data.user", "A directed invite is for somebody, and no other one is")
    secret = secret_made(request, author)
    return CreateInvite(
        author.user,
        request.cid,
        author.digest,
        request.group,
        author.new_id("i"),
        request.kind,
        author.secrets.hash(secret) if secret is not None else None,
        request.user,
        request.role,
        None if request.expires_in is None else request.expires_in * 1000,
        1 if request.kind == "directed" else request.max_uses,
        request.approval,
        request.note,
    )


def secret_made(request: wire.CreateInvite, author: Author) -> str | None:
    """The token or code of what this command makes, the same whenever it is asked."""
    if request.kind == "directed":
        return None
    secrets = author.secrets
    return secrets.token(author, request.cid) if request.kind == "link" else secrets.code(author, request.cid)


def reveal(answer: dict[str, Any], request: wire.CreateInvite, author: Author, public_url: str) -> dict[str, Any]:
    """The answer with the secret, which the store has never seen."""
    secret = secret_made(request, author)
    if request.kind == "link":
        return answer | {"token": secret, "link": f"{public_url}/i/{secret}"}
    return answer | {"code": secret} if request.kind == "code" else answer


def revoke_invite(request: wire.RevokeInvite, author: Author) -> RevokeInvite:
    """Take one back."""
    return RevokeInvite(author.user, request.cid, author.digest, request.invite)


def decline_invite(request: wire.DeclineInvite, author: Author) -> DeclineInvite:
    """Do not take one up."""
    return DeclineInvite(author.user, request.cid, author.digest, request.invite)


def redeem_invite(request: wire.RedeemInvite, author: Author) -> RedeemInvite:
    """Come in by one. Raises `Invalid` as `check_named`."""
    check_named(request)
    secret = author.secrets.hash(request.secret) if request.secret is not None else None
    return RedeemInvite(author.user, request.cid, author.digest, secret, request.invite, request.answer)


def preview_invite(request: wire.PreviewInvite, user: str, secrets: Secrets) -> PreviewInvite:
    """Look at one. Raises `Invalid` as `check_named`."""
    check_named(request)
    return PreviewInvite(user, secrets.hash(request.secret) if request.secret is not None else None, request.invite)


def check_named(request: wire.RedeemInvite | wire.PreviewInvite) -> None:
    """Raises `Invalid` unless an invite is named in one way, and for a code that was mistyped."""
    if (request.secret is None) == (request.invite is None):
        raise Invalid("$.data.secret", "An invite is named by its `secret` or by its id")
    if request.secret is not None and len(request.secret) == LENGTH and not is_code(request.secret):
        raise Invalid("$.data.secret", "The code has a wrong character")


async def list_invites(reader: Reader, user: str, request: wire.ListInvites, now_ms: int) -> dict[str, Any]:
    """A page. Raises `Refused`: `not_found`, `forbidden` for everybody's without the right."""
    line = await stored_chats.line_of(reader, user, request.group)
    if line is None:
        raise Refused("not_found")
    if request.all and RANK[line.role] < RANK["admin"]:
        raise Refused("forbidden")
    whose = None if request.all else user
    found = await stored.invites_page(reader, request.group, whose, request.after, request.limit + 1)
    page: dict[str, Any] = {"invites": [view_invite(invite, void, now_ms) for invite, void in found[: request.limit]]}
    return page | ({"more": found[request.limit - 1][0].invite_id} if len(found) > request.limit else {})


async def list_received(reader: Reader, user: str, request: wire.ListReceived, now_ms: int) -> dict[str, Any]:
    """A page of what waits for somebody."""
    rows = await stored.received_page(reader, user, request.after, now_ms, request.limit + 1)
    received = []
    for invite, group, by, at, expires, name, title in rows[: request.limit]:
        shown = {"invite": invite, "group": group, "by": by, "at": at}
        optional = {"title": title, "name": name, "expires": expires}
        received.append(shown | {key: value for key, value in optional.items() if value})
    return {"invites": received} | ({"more": rows[request.limit - 1][0]} if len(rows) > request.limit else {})


def view_invite(invite: Invite, void_pos: int, now_ms: int) -> dict[str, Any]:
    """An invite as lists show it: never its secret."""
    shown: dict[str, Any] = {
        "invite": invite.invite_id,
        "kind": invite.kind,
        "maker": invite.maker,
        "role": invite.role,
        "created": invite.created_at,
        "uses": invite.uses,
        "state": invite.state(void_pos, now_ms),
    }
    optional = {
        "max_uses": invite.max_uses,
        "expires": invite.expires_at,
        "user": invite.target,
        "approval": invite.approval,
        "note": invite.note,
        "pull": invite.pull,
    }
    return shown | {name: value for name, value in optional.items() if value}


async def read_tree(reader: Reader, user: str, request: wire.ReadTree, now_ms: int) -> dict[str, Any]:
    """A page of one person's branch. Raises `Refused`: `not_found`, `forbidden`, `limit`."""
    line = await stored_chats.line_of(reader, user, request.group)
    if line is None:
        raise Refused("not_found")
    if RANK[line.role] < RANK["admin"]:
        raise Refused("forbidden")
    stays = await stored.stays_of(reader, request.group, STAYS_MAX + 1)
    if len(stays) > STAYS_MAX:
        raise Refused("limit", bound="stays", max=STAYS_MAX)
    branches = Branches(stays)
    if request.user is not None and request.user not in branches.people:
        raise Refused("not_found")
    people = [one for one in branches.brought_by(request.user) if one > (request.after or "")]
    shown = [branches.view(one, request.days, now_ms) for one in people[: request.limit]]
    page: dict[str, Any] = {"people": shown, "total": len(branches.people)}
    return page | ({"more": people[request.limit - 1]} if len(people) > request.limit else {})
