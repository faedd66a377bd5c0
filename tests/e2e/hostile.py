"""Requests to begin mistakes with, and what a server has to make of whatever became of them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

from chatd_protocol.codec import Format, encode
from chatd_protocol.errors import ERRORS
from chatd_protocol.ops import OPS
from tests.e2e.phone import PATIENCE_S, Phone, new_cid
from tests.e2e.town import Town
from tests.protocol.judge import Outcome, judge
from tests.protocol.mutations import mutate_bytes, mutate_value

BATCH = 40
DEVICES = ("phone", "again")
"""What the hostile client calls its device, at first and when it comes back."""
SEARCHING: dict[str, Any] = {"search": {"on": True}}
"""Settings with which every op there is is served."""
STRANGE = 0.1
"""How many of the requests about a group are about one that does not exist."""


async def world_of(town: Town, fmt: Format) -> tuple[Phone, dict[str, dict[str, Any]]]:
    """Somebody in a group, and a good request of every op that names what is there."""
    ann = await town.person("ann", fmt=fmt)
    bob, cat = await town.people("bob", "cat")
    group = await town.group_of(ann, bob)
    await town.befriend(ann, cat)
    pos = await ann.say(group, "a message")
    of = {"group": group}
    at = of | {"pos": pos}
    link = {"offset": 0, "length": 2, "url": "https://x"}
    return ann, {
        "session.hello": {
            "token": "x.y.z",
            "device": "d",
            "client": "c/1",
            "epoch": "e",
            "mine": [1, 2],
            "heads": {group: [1, 2]},
        },
        "session.renew": {"token": "x.y.z"},
        "user.get": {"users": [bob.user], "subs": [cat.sub]},
        "user.search": {"query": "bob", "limit": 5},
        "user.update": {"name": "n", "avatar": "a", "bio": "b", "fields": {}},
        "user.handle": {"handle": "handle_1"},
        "privacy.get": {},
        "privacy.set": {"findable": True, "last_seen": "nobody"},
        "device.list": {},
        "device.revoke": {"device": "gone"},
        "follow.add": {"user": bob.user},
        "follow.remove": {"user": bob.user},
        "follow.list": {"which": "mutual", "after": bob.user, "limit": 5},
        "block.add": {"user": cat.user},
        "block.remove": {"user": cat.user},
        "block.list": {"after": bob.user, "limit": 5},
        "contact.request": {"user": cat.user, "text": "hi"},
        "contact.accept": {"user": cat.user},
        "contact.decline": {"user": cat.user},
        "contact.list": {"after": bob.user, "limit": 5},
        "member.suggest": of | {"limit": 5},
        "group.create": {"kind": "private", "title": "t", "intro": "i", "history": "last:3", "limit": 5},
        "group.get": of,
        "group.list": {"after": f"1:{group}", "limit": 5},
        "group.update": of
        | {"title": "t", "intro": "i", "history": "all", "limit": 50, "rules": "be kind", "rights": {"post": "admin"}}
        | {"avatar": "https://a.example/x.png"},
        "group.open": of | {"after": pos, "at": 1},
        "group.close": of,
        "group.members": of | {"after": bob.user, "limit": 5},
        "member.add": of | {"users": [cat.user]},
        "member.leave": of | {"successor": bob.user},
        "member.kick": of | {"user": bob.user, "reason": "why", "tell": True},
        "member.role": of | {"user": bob.user, "role": "admin"},
        "message.send": of
        | {"kind": "text", "body": {"text": "hello", "entities": [link]}, "reply_to": pos, "after": new_cid()},
        "message.recall": at,
        "message.edit": at | {"text": "edited", "entities": [link], "menu": [[{"id": "yes", "label": "Yes"}]]},
        "message.history": of | {"before": pos, "limit": 5},
        "message.search": of
        | {"query": "hello", "sender": bob.user, "kind": "text", "after": 1, "before": 2, "limit": 5, "cursor": "7"},
        "reaction.add": at | {"emoji": "👍"},
        "reaction.remove": at | {"emoji": "👍"},
        "reaction.list": at | {"after": bob.user, "limit": 5},
        "read.mark": of | {"seq": 1},
        "typing.start": of,
        "member.restrict": of | {"user": bob.user, "for_s": 60, "reason": "why", "tell": True},
        "member.unrestrict": of | {"user": bob.user},
        "group.restrict": of | {"for_s": 60, "reason": "why"},
        "group.unrestrict": of,
        "group.slow": of | {"slow_s": 30},
        "invite.create": of
        | {"kind": "directed", "user": cat.user, "role": "silent", "expires_in": 60, "max_uses": 3}
        | {"approval": True, "note": "why"},
        "invite.list": of | {"all": True, "after": "i" + "x" * 20, "limit": 5},
        "invite.revoke": {"invite": "i" + "x" * 20},
        "invite.received": {"after": "i" + "x" * 20, "limit": 5},
        "invite.decline": {"invite": "i" + "x" * 20},
        "invite.preview": {"secret": "A" * 22, "invite": "i" + "x" * 20},
        "invite.redeem": {"secret": "A" * 22, "invite": "i" + "x" * 20, "answer": "here"},
        "invite.tree": of | {"user": bob.user, "days": 3, "after": bob.user, "limit": 5},
        "group.entry": of | {"entry": "question", "question": "why?", "invites": "anyone"},
        "group.join": of | {"answer": "here"},
        "request.create": of | {"answer": "here"},
        "request.list": of | {"after": "1:u", "limit": 5},
        "request.approve": of | {"user": cat.user, "number": 1},
        "request.refuse": of | {"user": cat.user, "number": 1},
        "request.withdraw": of,
        "chat.update": of | {"level": "none", "until": 5, "marked": True},
        "draft.save": of | {"text": "so far", "reply_to": 1},
        "nickname.set": of | {"nickname": "called"},
        "receipt.get": of | {"seq": 1},
        "presence.get": of,
        "audit.list": of | {"before": 9, "limit": 5, "user": bob.user, "by": cat.user, "act": "member.kick"},
        "message.at": of | {"at": 1},
        "message.forward": of | {"source": group, "positions": [pos]},
        "mention.list": {"after": f"1:1:{group}:1", "limit": 5},
        "pin.add": at | {"above": pos},
        "pin.remove": at,
        "pin.list": of,
        "feature.add": at | {"note": "n"},
        "feature.remove": at,
        "feature.list": of | {"before": pos, "limit": 5},
        "group.announce": of | {"text": "today at nine"},
        "group.dissolve": of,
        "group.find": {"text": "tea", "after": "7:g", "limit": 5},
        "item.find": {"text": "tea", "kind": "video", "limit": 5},
        "group.transfer": of | {"user": bob.user},
        "member.ban": of | {"user": bob.user, "reason": "why", "tell": True},
        "member.unban": of | {"user": bob.user},
        "member.bans": of | {"after": bob.user, "limit": 5},
        "section.create": of | {"kind": "qa", "title": "asked", "intro": "ask here"},
        "section.update": of | {"section": 1, "title": "told", "intro": "i", "kind": "announce", "closed": True},
        "section.order": of | {"sections": [0]},
        "section.list": of,
        "bot.commands": {"commands": [{"name": "help", "en": "what I do", "zh": "我会什么"}]},
        "group.bots": of | {"after": bob.user, "limit": 5},
        "menu.press": at | {"button": "yes"},
    }


def takes_cid(op: str) -> bool:
    """Whether the op is a command."""
    return OPS[op].command


def request_of(op: str, data: dict[str, Any], number: int) -> dict[str, Any]:
    """A request with a fresh cid if it is a command."""
    return {"id": number, "op": op, "data": data | ({"cid": new_cid()} if takes_cid(op) else {})}


def ends_it(outcome: Outcome, payload: bytes = b"", fmt: Format = "msgpack") -> int | None:
    """The code that the connection is closed with, if it does not survive this request in an open session."""
    if outcome.code == "malformed":
        return 1007 if fmt == "json" and not is_utf8(payload) else 4400
    if outcome.code:
        return None
    if outcome.op == "device.revoke" and getattr(outcome.request, "device", None) in {None, *DEVICES}:
        return 4402
    return 4401 if outcome.op == "session.renew" else None


def is_utf8(payload: bytes) -> bool:
    """Whether it may stand in a text frame."""
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


class Mutants:
    """Sends mutated requests, and sees that each gets what it has to get."""

    def __init__(self, town: Town, fmt: Format, seed: int) -> None:
        self._town = town
        self._format = fmt
        self._rng = random.Random(f"{seed} {fmt}")
        self._good: dict[str, dict[str, Any]] = {}
        self._phone: Phone | None = None
        self._device = 0
        self.seen: Counter[str] = Counter()

    async def send(self, count: int) -> None:
        """So many, as many at once as the connection survives."""
        self._phone, self._good = await world_of(self._town, self._format)
        left = count
        while left > 0:
            batch = self._make_batch(min(BATCH, left))
            left -= len(batch)
            await self._check(batch)

    def _make_batch(self, most: int) -> list[tuple[bytes, Outcome]]:
        """Up to the first one that ends the connection."""
        batch: list[tuple[bytes, Outcome]] = []
        while len(batch) < most:
            payload = self._mutant(len(batch) + 1)
            outcome = judge(payload, self._format)
            batch.append((payload, outcome))
            if ends_it(outcome, payload, self._format):
                break
        return batch

    def _mutant(self, number: int) -> bytes:
        op = self._rng.choice(list(self._good))
        data = self._good[op]
        if "group" in data and self._rng.random() < STRANGE:
            data = data | {"group": f"g{new_cid()}"}
        request = request_of(op, data, number)
        if self._rng.random() < 0.5:
            return encode(mutate_value(request, self._rng), self._format)
        return mutate_bytes(encode(request, self._format), self._rng)

    async def _check(self, batch: list[tuple[bytes, Outcome]]) -> None:
        phone = self._phone
        assert phone is not None
        phone.messages.clear()
        phone.raw.clear()
        phone.signals.clear()
        for payload, _ in batch:
            phone.write_raw(payload)
        outcomes = [outcome for _, outcome in batch]
        end = ends_it(outcomes[-1], batch[-1][0], self._format)
        answered = [o for o in outcomes if o.code != "malformed"]
        responses: list[dict[str, Any]] = []

        def all_there() -> bool:
            responses[:] = [m for m in phone.messages if "re" in m]
            return len(responses) >= len(answered) or phone.close_code is not None

        await phone.until(all_there)
        if end is not None:
            assert await phone.closed() == end, batch[-1][0]
            self.seen[f"closed with {end}"] += 1
            if end == 4402:
                self._phone, self._good = await world_of(self._town, self._format)
            else:
                await self._come_back(phone)
        self._compare(answered, responses, complete=end is None)

    def _compare(self, outcomes: list[Outcome], responses: list[dict[str, Any]], *, complete: bool) -> None:
        """Every request has one response, unless the connection ended first; and it is the one that it has to be."""
        numbers, answered = Counter(o.re for o in outcomes), Counter(r["re"] for r in responses)
        assert answered <= numbers
        assert answered == numbers or not complete
        for outcome in outcomes:
            if numbers[outcome.re] > 1 or outcome.re not in answered:
                continue
            response = next(r for r in responses if r["re"] == outcome.re)
            code = response.get("error", {}).get("code", "")
            self.seen[code] += 1
            if outcome.code:
                expected = {outcome.code, "wrong_state"} if outcome.op == "session.hello" else {outcome.code}
                assert code in expected or code == "wrong_state", (outcome, response)
                if code == "invalid":
                    assert response["error"]["details"]["path"] == outcome.path
            else:
                assert code in ({""} | set(ERRORS)) - {"internal", "malformed", "unknown_op"}, (outcome, response)

    async def _come_back(self, phone: Phone) -> None:
        self._town.phones.remove(phone)
        await phone.cut_off()
        self._phone = await asyncio.wait_for(self._town.phone_of(phone.sub, DEVICES[1], self._format), PATIENCE_S)
