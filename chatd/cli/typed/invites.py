"""Invites and requests: making them, taking them up, deciding on them; and what is pasted from another app."""

from __future__ import annotations

from typing import Final

from chatd.cli.chat_render import DIM, NOTICE, printable
from chatd.cli.typed.desk import Command, Desk, Mistyped, number_in
from chatd.cli.typed.groups import enter
from chatd_protocol.codes import show_code
from chatd_protocol.pasted import find_invite, share_text
from chatd_protocol.requests import Entered, JoinRequest
from chatd_protocol.values import EntryGate


async def offer(desk: Desk, text: str) -> bool:
    """Show what an invite in a pasted text leads to, and keep it for `/join`. False if there is none in it, or if the
    same text was offered just before: then it is meant to be sent. Raises `ChatdError` for one that is not good."""
    found = find_invite(text)
    if found is None or text == desk.state.offered:
        desk.state.offered = ""
        return False
    desk.state.offered, desk.state.invite = text, found.secret
    shown = await desk.client.preview_invite(found.secret)
    title, name = printable(shown.title), printable(shown.name or "?")
    desk.watcher.say(NOTICE, "invite_found", title=title, name=name, members=shown.members)
    if shown.question:
        desk.watcher.say(NOTICE, "invite_asks", question=printable(shown.question))
    elif shown.entry == "approval":
        desk.watcher.say(NOTICE, "invite_waits")
    return True


async def invite(desk: Desk) -> None:
    made = await desk.client.create_invite(desk.group(), "code")
    line = desk.state.lines.get(desk.group())
    title = desk.render.title(line) if line is not None else ""
    desk.state.note_made(made.invite, show_code(made.code))
    desk.watcher.say(NOTICE, "invite_text")
    desk.hand_over(share_text(title, made.code, desk.words.lang))


async def invite_link(desk: Desk) -> None:
    made = await desk.client.create_invite(desk.group(), "link")
    desk.state.note_made(made.invite, made.token)
    desk.watcher.say(NOTICE, "invite_link")
    desk.hand_over(desk.client.link_of(made.link))


async def invite_somebody(desk: Desk, sub: str) -> None:
    await desk.client.create_invite(desk.group(), "directed", user=await desk.person(sub))
    desk.done("invite_sent")


async def invites(desk: Desk) -> None:
    page = await desk.client.list_invites(desk.group())
    desk.watcher.say(NOTICE, "invites_title", count=len(page.invites))
    for one in page.invites:
        uses = f"{one.uses}/{one.max_uses}" if one.max_uses is not None else f"{one.uses}"
        state = desk.words(f"invite_{one.state}")
        desk.screen.show(
            [("", f"  {one.invite}  "), (DIM, f"{one.kind} {uses} {state} {printable(one.note)}".rstrip())]
        )


async def received(desk: Desk) -> None:
    page = await desk.client.list_received_invites()
    for one in page.invites:
        shown = {"name": printable(one.name or "?"), "title": printable(one.title), "invite": one.invite}
        desk.watcher.say(NOTICE, "received", **shown)
    if not page.invites:
        desk.watcher.say(NOTICE, "received_none")


async def decline(desk: Desk, which: str) -> None:
    """An invite by its id, which says nothing to anybody."""
    await desk.client.decline_invite(which)
    desk.done()


async def uninvite(desk: Desk, which: str) -> None:
    await desk.client.revoke_invite(which)
    desk.done()


async def join(desk: Desk, which: str) -> None:
    """A pasted text, a secret, the id of a group or an invite; `.` for what was offered, with an answer behind it."""
    named, _, answer = which.strip().partition(" ")
    if named == ".":
        if not desk.state.invite:
            raise Mistyped("nothing_offered")
        await _entered(desk, await desk.client.redeem_invite(desk.state.invite, answer=answer))
        return
    found = find_invite(which) or find_invite(f"¥{which.strip()}¥")
    if found is not None:
        await _entered(desk, await desk.client.redeem_invite(found.secret))
    elif named.startswith("g") and len(named) > 16:
        await _entered(desk, await desk.client.join_group(named, answer=answer))
    elif named.startswith("i") and len(named) > 16:
        await _entered(desk, await desk.client.redeem_invite(named, answer=answer))
    else:
        raise Mistyped("no_invite_in_it")


async def _entered(desk: Desk, done: Entered) -> None:
    desk.state.offered = desk.state.invite = ""
    if done.result == "pending":
        desk.watcher.say(NOTICE, "request_waits")
        return
    await enter(desk, done.group)


async def requests(desk: Desk) -> None:
    group = desk.state.open
    page = await desk.client.list_requests(group)
    desk.state.requests = dict(enumerate(page.requests, 1))
    desk.watcher.say(NOTICE, "requests_title", count=len(page.requests))
    await desk.state.names.learn(user for one in page.requests for user in (one.user, one.inviter) if user)
    for number, one in desk.state.requests.items():
        desk.screen.show([("", f"{number:>4}  "), *_shown(desk, one)])


def _shown(desk: Desk, one: JoinRequest) -> list[tuple[str, str]]:
    by = desk.words("request_by", name=desk.render.name(one.inviter)) if one.inviter else ""
    flag = desk.words("request_flagged") if one.flagged else ""
    about = " ".join(part for part in (by, flag, printable(one.answer)) if part)
    return [("", desk.render.called(one.user) + " "), (DIM, about)]


async def approve(desk: Desk, which: str) -> None:
    one = _request(desk, which)
    await desk.client.approve_request(one.group, one.user, one.number)
    desk.done()


async def refuse(desk: Desk, which: str) -> None:
    one = _request(desk, which)
    await desk.client.refuse_request(one.group, one.user, one.number)
    desk.done()


async def withdraw(desk: Desk, which: str) -> None:
    """One's own request, as `/requests` lists them where no group is open."""
    await desk.client.withdraw_request(_request(desk, which).group)
    desk.done()


def _request(desk: Desk, which: str) -> JoinRequest:
    one = desk.state.requests.get(number_in(which))
    if one is None:
        raise Mistyped("no_such_request", number=which)
    return one


async def door(desk: Desk, how: str) -> None:
    entry, _, question = how.partition(" ")
    if entry in _DOORS:
        await desk.client.set_entry(desk.group(), _DOORS[entry])
    elif entry == "question" and question.strip():
        await desk.client.set_entry(desk.group(), "question", question=question.strip())
    else:
        raise Mistyped("usage", usage=desk.words("usage_door"))
    desk.done()


_DOORS: Final[dict[str, EntryGate]] = {"open": "open", "invite": "invite", "approval": "approval"}
COMMANDS: Final = {
    "invite": Command(0, invite),
    "link": Command(0, invite_link),
    "ask": Command(1, invite_somebody),
    "invites": Command(0, invites),
    "invited": Command(0, received),
    "turn-down": Command(1, decline),
    "uninvite": Command(1, uninvite),
    "join": Command(1, join),
    "requests": Command(0, requests),
    "approve": Command(1, approve),
    "refuse": Command(1, refuse),
    "withdraw": Command(1, withdraw),
    "door": Command(1, door),
}
