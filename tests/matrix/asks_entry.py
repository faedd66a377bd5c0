"""How invites, doors and requests to come in are asked for."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from tests.matrix.asks import Ask, Build, Case, Data, among, but, members, only, places, says
from tests.matrix.cast import no_id
from tests.matrix.house import build_house
from tests.matrix.table import PEOPLE


def _invite() -> dict[str, Build]:
    def for_somebody(build: Build) -> Build:
        return lambda c, who: build(c, who) | {"kind": "directed"}

    people = only(members(), "outsider", "absent", "own")
    return (
        places(kind="link")
        | {"here.admin": places(kind="link", role="admin")["here"]}
        | {of: for_somebody(build) for of, build in people.items()}
    )


def _revoke() -> dict[str, Build]:
    def of(name: str) -> Build:
        def built(c: Case, who: str) -> Data:
            if name == who:
                raise KeyError(who)
            return {"invite": c.house.invite_of[name]}

        return built

    return {
        "own": lambda c, who: {"invite": c.house.invite_of[who]},
        "other": lambda c, who: {"invite": c.more[who]},
        "other.admin": of("deputy"),
        "other.owner": of("owner"),
        "elsewhere": lambda c, _: {"invite": c.elsewhere.invite},
        "absent": lambda *_: {"invite": no_id("i")},
    }


async def _mates_invites(case: Case, of: str) -> None:
    if of == "other":
        made = await asyncio.gather(*(case.house.link_of(case.cast.staff["mate"]) for _ in PEOPLE))
        case.more |= {who: invite for who, (invite, _) in zip(PEOPLE, made, strict=True)}


def _ways_in() -> dict[str, Build]:
    def invited(c: Case, who: str) -> Data:
        if who != "invited":
            raise KeyError(who)
        return {"invite": c.house.directed}

    return {
        "own": invited,
        "other": lambda c, _: {"invite": c.house.directed_other},
        "link": lambda c, _: {"secret": c.house.link},
        "link.elsewhere": lambda c, _: {"secret": c.elsewhere.link},
        "link.anew": lambda c, _: {"secret": c.house.fresh_link},
        "link.approval": lambda c, _: {"secret": c.house.approval_link},
        "link.revoked": lambda c, _: {"secret": c.house.revoked_link},
        "absent": lambda *_: {"secret": secrets.token_urlsafe(16)},
        "absent.id": lambda *_: {"invite": no_id("i")},
    }


def _received() -> dict[str, Build]:
    return {of: (lambda *_: {}) for of in ("here", "other")}


def _directed(case: Case, _: str, of: str) -> str:
    return case.house.directed if of == "here" else case.house.directed_other


def _decline() -> dict[str, Build]:
    ways = only(_ways_in(), "own", "other")
    return ways | {"link": _revoke()["other.admin"], "absent": _revoke()["absent"]}


async def _rejoin(case: Case, of: str) -> None:
    """The group elsewhere that anybody may come into is anew for each op, or the second would find them in."""
    if of == "link.elsewhere":
        abroad = case.cast.abroad
        far = (await abroad.do("group.create", kind="private", title="far"))["group"]
        case.elsewhere.link = (await abroad.do("invite.create", group=far, kind="link"))["token"]


def _tree() -> dict[str, Build]:
    named = members()
    return (
        places()
        | only(named, "outsider", "absent")
        | {"other": lambda c, w: {"group": c.group, "user": c.cast.staff["mate"].user}}
    )


def _doors() -> dict[str, Build]:
    here = places()["here"]
    return places() | {f"here.{door}": here for door in ("open", "public", "approval", "question")}


async def _set_door(case: Case, of: str) -> None:
    door = of.partition(".")[2]
    if door == "public":
        case.house = await build_house(case.cast, public=True, invites=True)
    elif door:
        question = {"question": "Why?"} if door == "question" else {}
        await case.cast.callers["owner"].do("group.entry", group=case.group, entry=door, **question)


def _decide() -> dict[str, Build]:
    def numbered(build: Build) -> Build:
        return lambda c, who: build(c, who) | {"number": 1}

    named = only(members(), "other", "own", "absent", "nowhere")
    named["other.decided"] = named["other"]
    named["elsewhere"] = lambda c, _: {"group": c.elsewhere.group, "user": c.elsewhere.asker}
    return {of: numbered(build) for of, build in named.items()}


async def _ask_to_enter(case: Case, of: str) -> None:
    """Everybody's prey asked to come in."""
    prey = case.cast.prey.values()
    if of.startswith("other"):
        asked = (one.do("invite.redeem", secret=case.house.approval_link) for one in prey)
        assert {answer["result"] for answer in await asyncio.gather(*asked)} == {"pending"}
    if of == "other.decided":
        owner = case.cast.callers["owner"]
        refused = (owner.do("request.refuse", group=case.group, user=one.user, number=1) for one in prey)
        await asyncio.gather(*refused)


def _own_requests() -> dict[str, Build]:
    return {"own": lambda *_: {"limit": 200}} | places()


def _own_list(case: Case, who: str, of: str, answer: Data) -> str:
    """Whether one's own request for this group is among them; of a group's list, nothing more."""
    groups = [one["group"] for one in answer["requests"]]
    return "ok" if of != "own" or case.group in groups else "not there"


_IN: Final = {"invites": True}
ASKS: Final = {
    "invite.create": Ask(_invite()),
    "invite.list": Ask(
        but(places(), "here") | {"own": places()["here"], "other": places(all=True)["here"]}, house="shared"
    ),
    "invite.revoke": Ask(_revoke(), prepare=_mates_invites, settings=_IN),
    "invite.preview": Ask(but(_ways_in(), "link.anew", "link.approval"), settings=_IN),
    "invite.redeem": Ask(_ways_in(), says("result"), prepare=_rejoin, house="row", settings=_IN),
    "invite.received": Ask(
        _received(), among("invite.received", "invites", _directed, lambda one: one["invite"]), house="shared"
    ),
    "invite.decline": Ask(_decline(), settings=_IN),
    "invite.tree": Ask(_tree(), house="shared"),
    "group.entry": Ask(places(entry="approval")),
    "group.join": Ask(_doors(), says("result"), prepare=_set_door, house="row", settings=_IN),
    "request.create": Ask(_doors(), says("result"), prepare=_set_door, house="row", settings=_IN),
    "request.list": Ask(_own_requests(), _own_list, settings=_IN),
    "request.approve": Ask(_decide(), prepare=_ask_to_enter, house="row", settings=_IN),
    "request.refuse": Ask(_decide(), prepare=_ask_to_enter, house="row", settings=_IN),
    "request.withdraw": Ask(places(), settings=_IN),
}
