"""What people may do, drawn from small numbers: turns (kind, a, b, c) into a request. Talking, and all kinds there are.

It knows the model, for picking; it must not know the server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatd_protocol.scopes import CLOSED, SCOPE_OF
from tests.model.acts_boards import BoardActs
from tests.model.acts_bots import BotActs
from tests.model.acts_entry import EntryActs
from tests.model.acts_fans import FanActs
from tests.model.acts_own import OwnActs
from tests.model.acts_rights import RightActs
from tests.model.acts_sections import SectionActs
from tests.model.picks import Act, Json, pick

SIGNS = ("👍", "❤", "x")
RULES = ("none", "last:1", "last:2", "all")


class Acts(EntryActs, RightActs, BoardActs, SectionActs, FanActs, OwnActs, BotActs):
    """Makes acts; remembers those that were made, so that they can be repeated."""

    themes: Sequence[str] = ()
    """What this run is about beside talking: the names of some rows of `THEMES`."""

    def make(self, kind: str, a: int, b: int, c: int, present: Sequence[str]) -> Act | None:
        """The act of somebody who is there, or None if the world has nothing to do it with yet."""
        self.present = present
        user = pick(present, a)
        if kind.isdecimal():
            pool = [one for theme in self.themes for one in THEMES[theme].split()]
            kind = pick(pool, int(kind)) or "send"
        act = KINDS[kind](self, user, b, c) if user else None
        if act is not None and act.user in self.world.bots and SCOPE_OF[act.op] == CLOSED:
            return None  # refused before it comes to a rule
        if act is not None and act not in self.made:
            self.made.append(act)
        return act

    # -- relations

    def edge(self, user: str, op: str, number: int) -> Act:
        return Act(user, op, {"user": self.other(number), "cid": self.cid()})

    # -- groups

    def create(self, user: str, b: int, c: int) -> Act:
        data: Json = {"cid": self.cid(), "kind": "private", "title": f"group {b}", "history": RULES[c % 4]}
        if b % 3 == 0:
            data["limit"] = 2 + c % 6
        return Act(user, "group.create", data)

    def direct(self, user: str, b: int, _: int) -> Act:
        return Act(user, "group.create", {"cid": self.cid(), "kind": "direct", "user": self.other(b)})

    def update(self, user: str, b: int, c: int) -> Act | None:
        change: Json = (
            {"title": f"title {c}"},
            {"history": RULES[c % 4]},
            {"limit": 2 + c % 6},
            {"intro": "x" * (c % 2)},
        )[b % 4]
        return self.in_group(user, "group.update", b, change, boss=True)

    def add(self, user: str, b: int, c: int) -> Act | None:
        people = self.world.known
        chosen = [people[(b + i) % len(people)] for i in range(1 + c % 3)]
        return self.in_group(user, "member.add", c, {"users": chosen})

    def leave(self, user: str, b: int, _: int) -> Act | None:
        return self.in_group(user, "member.leave", b, {})

    def kick(self, user: str, b: int, c: int) -> Act | None:
        return self.in_group(user, "member.kick", c, {"user": self.other(b)}, boss=True)

    def role(self, user: str, b: int, c: int) -> Act | None:
        role = ("admin", "admin", "member")[c % 3]
        return self.in_group(user, "member.role", c, {"user": self.other(b), "role": role}, boss=True)

    # -- messages

    def send(self, user: str, b: int, c: int) -> Act | None:
        group = self.group(user, b)
        if group is None:
            return None
        data: Json = {"group": group.id, "cid": self.cid(), "kind": "text", "body": {"text": self.text()}}
        before = [act for act in self.made if act.op == "message.send" and act.user == user]
        if before and c % 4 == 3:
            data["after"] = before[-1 - c % len(before)].data["cid"]
        return Act(user, "message.send", data | self.place(group, c))

    def reply(self, user: str, b: int, c: int) -> Act | None:
        act, on = self.send(user, b, 0), self.on_message(user, "", b, c, {})
        return Act(user, act.op, act.data | {"reply_to": on.data["pos"]}) if act and on else None

    def edit(self, user: str, b: int, c: int) -> Act | None:
        return self.on_message(user, "message.edit", b, c, {"text": self.text()}, own=True)

    def recall(self, user: str, b: int, c: int) -> Act | None:
        return self.on_message(user, "message.recall", b, c, {}, own=True)

    def react(self, user: str, b: int, c: int) -> Act | None:
        return self.on_message(user, "reaction.add", b, c, {"emoji": SIGNS[c % 3]})

    def unreact(self, user: str, b: int, c: int) -> Act | None:
        return self.on_message(user, "reaction.remove", b, c, {"emoji": SIGNS[c % 3]})

    # -- once more

    def again(self, user: str, b: int, c: int) -> Act | None:
        """The very same request, of whoever made it."""
        return pick(self.made, -1 - b * 16 - c)

    def conflict(self, user: str, b: int, c: int) -> Act | None:
        """Another request under a cid that its maker used before."""
        old = pick(self.made, -1 - b)
        new = self.edge(old.user, "follow.add", c) if old and c % 2 else old and self.send(old.user, b, c)
        return Act(old.user, new.op, new.data | {"cid": old.data["cid"]}) if old and new else None


KINDS: dict[str, Callable[[Acts, str, int, int], Act | None]] = {
    "follow": lambda acts, user, b, _: acts.edge(user, "follow.add", b),
    "unfollow": lambda acts, user, b, _: acts.edge(user, "follow.remove", b),
    "block": lambda acts, user, b, _: acts.edge(user, "block.add", b),
    "unblock": lambda acts, user, b, _: acts.edge(user, "block.remove", b),
    "create": Acts.create,
    "direct": Acts.direct,
    "update": Acts.update,
    "add": Acts.add,
    "leave": Acts.leave,
    "kick": Acts.kick,
    "role": Acts.role,
    "send": Acts.send,
    "reply": Acts.reply,
    "edit": Acts.edit,
    "recall": Acts.recall,
    "react": Acts.react,
    "unreact": Acts.unreact,
    "again": Acts.again,
    "conflict": Acts.conflict,
}
OLD = tuple(KINDS)
"""What every run does; the rest is for runs with the theme."""
KINDS |= {
    "code": lambda acts, user, b, c: acts.invite(user, "code", b, c),
    "link": lambda acts, user, b, c: acts.invite(user, "link", b, c),
    "directed": lambda acts, user, b, c: acts.invite(user, "directed", b, c),
    "redeem": Acts.redeem,
    "uninvite": Acts.uninvite,
    "entry": Acts.entry,
    "join": Acts.join,
    "ask": Acts.ask,
    "approve": lambda acts, user, b, c: acts.decide(user, "request.approve", b, c),
    "refuse": lambda acts, user, b, c: acts.decide(user, "request.refuse", b, c),
    "withdraw": Acts.withdraw,
    "public": Acts.public,
    "ban": Acts.ban,
    "unban": Acts.unban,
    "transfer": Acts.transfer,
    "hand_over": Acts.hand_over,
    "dissolve": Acts.dissolve,
    "announce": Acts.announce,
    "rights": Acts.rights,
    "silence": Acts.silence,
    "restrict": Acts.restrict,
    "unrestrict": Acts.unrestrict,
    "quiet": Acts.quiet,
    "unquiet": Acts.unquiet,
    "slow": Acts.slow,
    "mention": Acts.mention,
    "call": Acts.call,
    "rename": Acts.edit_mentions,
    "pin": Acts.pin,
    "unpin": Acts.unpin,
    "feature": Acts.feature,
    "unfeature": Acts.unfeature,
    "forward": Acts.forward,
    "bundle": Acts.bundle,
    "note": Acts.note,
    "card": Acts.card,
    "keep": Acts.keep,
    "nickname": Acts.nickname,
    "contact": Acts.contact,
    "accept": lambda acts, user, b, c: acts.settle_contact(user, "contact.accept", b),
    "decline": lambda acts, user, b, c: acts.settle_contact(user, "contact.decline", b),
    "receipts": Acts.receipts,
    "wish": Acts.wish,
    "no_requests": Acts.no_requests,
    "no": Acts.decline,
    "section": Acts.section,
    "change_section": Acts.change_section,
    "order": Acts.order,
    "notice": Acts.notice,
    "answer": Acts.answer,
    "minds": Acts.minds,
    "forsake": Acts.forsake,
    "come_back": Acts.come_back,
    "oust": Acts.oust,
    "bring": Acts.bring,
    "menu": Acts.menu,
    "change_menu": Acts.change_menu,
    "press": Acts.press,
}
THEMES = {
    "invites": "code link directed redeem redeem redeem code link redeem redeem uninvite kick leave role block silence"
    " entry add rights oust oust",
    "requests": "entry entry join ask redeem code approve approve approve refuse withdraw kick leave uninvite role ban",
    "public": "public join join join leave kick update code redeem forward send",
    "bans": "oust ban ban unban unban add code redeem join kick leave",
    "owners": "transfer hand_over hand_over dissolve announce role leave send add code",
    "rights": "rights rights silence role pin announce add code call react send feature",
    "quiet": "restrict restrict unrestrict quiet unquiet slow slow send send send edit react forward kick add nickname"
    " role",
    "mentions": "mention mention mention call call rename rename recall block leave kick",
    "boards": "pin pin pin pin unpin feature feature feature unfeature recall send edit leave add",
    "retention": "pin pin pin unpin feature feature unfeature send send send reply reply mention react edit recall"
    " leave add kick",
    "forwards": "forward forward bundle bundle bundle send note recall edit nickname public",
    "lists": "keep keep keep keep nickname nickname send leave add direct",
    "pulls": "wish wish add add add add redeem redeem no rights unfollow block kick leave role add uninvite directed",
    "contacts": "contact contact contact accept accept decline no_requests block unblock unfollow direct",
    "receipts": "receipts receipts send block leave add",
    "cards": "card card card card recall recall send forward pin reply",
    "search": "note send send edit recall leave add forward card notice",
    "sections": "section section change_section change_section change_section change_section order answer answer send"
    " send send send notice notice notice mention call card forward bundle edit recall pin feature rights role leave"
    " leave kick add add add update keep",
    "notices": "notice notice notice send reply answer forward bundle recall pin feature leave add update rights keep",
    "fans": "minds minds minds forsake forsake forsake come_back come_back send role kick leave add transfer restrict"
    " nickname code redeem",
    "bots": "bring bring bring bring menu menu menu menu change_menu change_menu press press press press press press"
    " press recall send edit react kick role ban unban block leave forward silence restrict quiet slow transfer"
    " hand_over directed",
}
"""What a run can be about beside talking: kinds of acts, the frequent ones more than once."""
