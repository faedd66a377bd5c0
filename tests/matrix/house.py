"""A house: one group in which every caller is what they are called, with one of everything that can be asked for.

Its founder wrote before anybody else came, pulled them in, put some out again, handed the group over and left; so the
owner, too, came at a time before which there is something they do not see.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, Final

from tests.matrix.cast import WERE_IN, Caller, Cast
from tests.matrix.table import INSIDE, PEOPLE

WROTE: Final = (*INSIDE, *WERE_IN)
"""The callers who were in when there was something to write."""
_words = itertools.count(1)


def new_word() -> str:
    """A word that nobody has said."""
    return f"zq{next(_words):06d}vx"


class House:
    """`own`: the position of each caller's own message. The others are positions of messages, ids, and tokens."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.group = ""
        self.title = new_word()
        self.own: dict[str, int] = {}
        self.other = self.recalled = self.before = self.admins = 0
        self.word: dict[int, str] = {}
        self.seq: dict[int, int] = {}
        self.at: dict[int, int] = {}
        self.invite_of: dict[str, str] = {}
        """By caller, and by `mate`, `deputy`: an invite of theirs."""
        self.directed = self.directed_other = ""
        self.link = self.revoked_link = self.approval_link = self.fresh_link = ""

    async def say(self, phone: Caller, *mentioned: Caller) -> int:
        """A message of one new word, which mentions people."""
        word = new_word()
        entities = [{"offset": 0, "length": len(word), "user": phone.user} for phone in mentioned[:1]]
        text = word
        for other in mentioned[1:]:
            entities.append({"offset": len(text) + 1, "length": 1, "user": other.user})
            text += " @"
        body: dict[str, Any] = {"text": text} | ({"entities": entities} if entities else {})
        answer = await phone.do("message.send", group=self.group, kind="text", body=body)
        pos = int(answer["pos"])
        self.word[pos], self.seq[pos], self.at[pos] = word, answer["seq"], answer["at"]
        return pos

    async def link_of(self, phone: Caller, **more: Any) -> tuple[str, str]:
        """A link somebody makes: its id and its token."""
        made = await phone.do("invite.create", group=self.group, kind="link", **more)
        return made["invite"], made["token"]


async def build_house(cast: Cast, *, public: bool = False, prey: bool = False, invites: bool = False) -> House:
    """With `prey` everybody's prey is a member. With `invites` there are invites, and the pending one asked."""
    house = House(cast)
    founder, mate, deputy = (cast.staff[name] for name in ("founder", "mate", "deputy"))
    kind = "public" if public else "private"
    house.group = (await founder.do("group.create", kind=kind, title=house.title, limit=100))["group"]
    house.before = await house.say(founder, *(cast.callers[who] for who in PEOPLE))
    await _put_up(house, founder, house.before)
    people = [mate, deputy, *(cast.callers[who] for who in WROTE), *(cast.prey.values() if prey else ())]
    added = await founder.do("member.add", group=house.group, users=[one.user for one in people])
    assert {result["result"] for result in added["results"]} == {"added"}, added
    await asyncio.gather(*(phone.own("added", house.group) for phone in people))
    await _write(house, mate, deputy)
    await asyncio.gather(_put_up(house, founder, house.other), _put_up(house, founder, house.recalled))
    if invites:
        await _invite(house, founder)
    await _govern(house, founder)
    if invites:
        await _invite_again(house, deputy)
    return house


async def _put_up(house: House, founder: Caller, pos: int) -> None:
    about = {"group": house.group, "pos": pos}
    await asyncio.gather(founder.do("pin.add", **about), founder.do("feature.add", **about))


async def _write(house: House, mate: Caller, deputy: Caller) -> None:
    callers = house.cast.callers
    named = [callers[who] for who in WROTE]
    writers = [callers[who] for who in WROTE]
    places = await asyncio.gather(
        house.say(mate, *named), house.say(mate, *named), house.say(deputy), *map(house.say, writers)
    )
    house.other, house.recalled, house.admins = places[:3]
    house.own = dict(zip(WROTE, places[3:], strict=True))
    react = {"group": house.group, "emoji": "👍"}
    await asyncio.gather(*(mate.do("reaction.add", pos=pos, **react) for pos in (house.other, house.recalled)))


async def _invite(house: House, founder: Caller) -> None:
    """Invites of everybody who is in; the pending one takes up one that needs approval."""
    callers, staff = house.cast.callers, house.cast.staff
    makers = {who: callers[who] for who in WROTE} | {name: staff[name] for name in ("mate", "deputy")}
    made = await asyncio.gather(*map(house.link_of, makers.values()))
    house.invite_of = {name: invite for name, (invite, _) in zip(makers, made, strict=True)}
    (_, house.link), (revoked, house.revoked_link), (_, house.approval_link) = await asyncio.gather(
        house.link_of(founder), house.link_of(founder), house.link_of(founder, approval=True)
    )
    directed = {"group": house.group, "kind": "directed"}
    house.directed, house.directed_other = [
        (await callers["owner"].do("invite.create", user=phone.user, **directed))["invite"]
        for phone in (callers["invited"], house.cast.resident)
    ]
    await founder.do("invite.revoke", invite=revoked)
    await callers["pending"].do("invite.redeem", secret=house.approval_link)


async def _govern(house: House, founder: Caller) -> None:
    """Everybody becomes what they are called, and the founder goes."""
    cast, group = house.cast, house.group
    user = {who: phone.user for who, phone in cast.callers.items()}
    acts = [
        cast.staff["mate"].do("message.recall", group=group, pos=house.recalled),
        founder.do("member.role", group=group, user=user["admin"], role="admin"),
        founder.do("member.role", group=group, user=cast.staff["deputy"].user, role="admin"),
        founder.do("member.role", group=group, user=user["silent"], role="silent"),
        founder.do("member.restrict", group=group, user=user["restricted"]),
        founder.do("member.kick", group=group, user=user["kicked"]),
        founder.do("member.ban", group=group, user=user["banned"]),
        cast.callers["former"].do("member.leave", group=group),
    ]
    await asyncio.gather(*acts)
    await founder.do("group.transfer", group=group, user=user["owner"])
    await founder.do("member.leave", group=group)
    await asyncio.gather(*(cast.callers[who].own("removed", group) for who in WERE_IN))


async def _invite_again(house: House, deputy: Caller) -> None:
    """An admin makes a link after somebody was kicked."""
    _, house.fresh_link = await house.link_of(deputy)


class Elsewhere:
    """A group that no caller was ever in, with one of everything as well; and one with a link for whoever wants it."""

    def __init__(self) -> None:
        self.group = self.title = self.word = self.invite = self.user = self.asker = self.link = ""
        self.pos = self.seq = self.at = 0


async def build_elsewhere(cast: Cast) -> Elsewhere:
    """Make it."""
    place, abroad, resident = Elsewhere(), cast.abroad, cast.resident
    place.title, place.word, place.user = new_word(), new_word(), resident.user
    place.group = (await abroad.do("group.create", kind="private", title=place.title))["group"]
    await abroad.do("member.add", group=place.group, users=[resident.user])
    await resident.own("added", place.group)
    said = await resident.do("message.send", group=place.group, kind="text", body={"text": place.word})
    place.pos, place.seq, place.at = said["pos"], said["seq"], said["at"]
    about = {"group": place.group, "pos": place.pos}
    await asyncio.gather(abroad.do("pin.add", **about), abroad.do("feature.add", **about))
    asker, door = await cast.enter("asker"), {"group": place.group, "kind": "link"}
    place.asker = asker.user
    made = await abroad.do("invite.create", approval=True, **door)
    place.invite = made["invite"]
    await asker.do("invite.redeem", secret=made["token"])
    far = (await abroad.do("group.create", kind="private", title=new_word()))["group"]
    place.link = (await abroad.do("invite.create", group=far, kind="link"))["token"]
    return place
