"""The door of a group and the requests that wait at it."""

from __future__ import annotations

from typing import Any

from chatd.core.refusal import Refused
from chatd.core.requests import Decide, Join, JoinRequest, SetEntry, Withdraw
from chatd.core.rights import may_as
from chatd.service.author import Author
from chatd.store import chats as stored_chats
from chatd.store import invites as stored
from chatd.store.readers import Reader
from chatd_protocol import requests as wire
from chatd_protocol.codec import Invalid


def set_entry(request: wire.SetEntry, author: Author) -> SetEntry:
    """Open or close the door. Raises `Invalid` if nothing is named."""
    changes = (request.entry, request.question, request.invites)
    if all(change is None for change in changes):
        raise Invalid("$.data", "Names nothing to change: entry, question or invites")
    return SetEntry(author.user, request.cid, author.digest, request.group, *changes)


def join_group(request: wire.JoinGroup | wire.CreateRequest, author: Author) -> Join:
    """Come in, or ask to."""
    return Join(author.user, request.cid, author.digest, request.group, request.answer)


def approve_request(request: wire.ApproveRequest, author: Author) -> Decide:
    """Let somebody in."""
    return Decide(author.user, request.cid, author.digest, request.group, request.user, request.number, True)


def refuse_request(request: wire.RefuseRequest, author: Author) -> Decide:
    """Do not let somebody in."""
    return Decide(author.user, request.cid, author.digest, request.group, request.user, request.number, False)


def withdraw_request(request: wire.WithdrawRequest, author: Author) -> Withdraw:
    """Ask no more."""
    return Withdraw(author.user, request.cid, author.digest, request.group)


async def list_requests(reader: Reader, user: str, request: wire.ListRequests, now_ms: int) -> dict[str, Any]:
    """A page of a group's, or of one's own. Raises `Refused`: `not_found`, `forbidden`."""
    if request.group is not None:
        line = await stored_chats.line_of(reader, user, request.group)
        if line is None:
            raise Refused("not_found")
        if not may_as(line.group, line.role, "admit"):
            raise Refused("forbidden", right="admit")
    column, of = ("user_id", user) if request.group is None else ("group_id", request.group)
    found = await stored.requests_page(reader, column, of, _cursor(request.after), request.limit + 1)
    page = found[: request.limit]
    good = await stored.good_invites(reader, [one for one, _ in page], now_ms)
    shown: dict[str, Any] = {"requests": [_view(one, name, good, own=request.group is None) for one, name in page]}
    if len(found) > request.limit:
        last = page[-1][0]
        shown["more"] = f"{last.at}:{last.group_id if request.group is None else last.user_id}"
    return shown


def _view(request: JoinRequest, name: str, good: set[str], *, own: bool) -> dict[str, Any]:
    """Who asks is not told what became of the invite they came by."""
    shown: dict[str, Any] = {
        "group": request.group_id,
        "user": request.user_id,
        "number": request.number,
        "at": request.at,
    }
    optional: dict[str, Any] = {"name": name, "answer": request.answer}
    if not own:
        inviter = None if request.via is None else request.via["inviter"]
        flagged = request.invite is not None and request.invite not in good
        optional |= {"invite": request.invite, "inviter": inviter, "flagged": flagged}
    return shown | {name: value for name, value in optional.items() if value}


def _cursor(after: str | None) -> tuple[int, str]:
    if after is None:
        return -1, ""
    at, _, last = after.partition(":")
    if not at.isdecimal() or len(at) > 15 or not last:
        raise Invalid("$.data.after", "Expected the `more` of a page")
    return int(at), last
