"""The same races at the engine, where the order is known: in one transaction and in two, either way round."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import pytest

from chatd.core.bans import BanMember
from chatd.core.dissolution import Dissolve
from chatd.core.groups import CreateDirect, CreateGroup, Kick, Leave, SetRole, UpdateGroup
from chatd.core.limits import Bounds
from chatd.core.messages import Edit, Recall, Send
from chatd.core.ownership import Transfer
from chatd.core.pulls import AddMembers
from chatd.core.relations import Block, Follow
from chatd.core.users import EnsureUser
from chatd.core.wishes import AnyWish
from chatd.store import migrate
from chatd.store.database import connect
from chatd.store.engine import Engine
from chatd.store.outcome import Outcome, Proposed

NOW_MS = 1_700_000_000_000


class Cast:
    """A group with owner, admin and member; `outsider` and `other` are mutual with the owner, and not in it."""

    def __init__(self, url: str) -> None:
        migrate.migrate(url)
        self.database = connect(url)
        self.engine = Engine(self.database, Bounds(), lambda: NOW_MS, "test")
        self._numbers = itertools.count(1)
        self.anew()

    def anew(self) -> None:
        """Other people, another group."""
        people = [f"u{next(self._numbers):021d}" for _ in range(5)]
        self.owner, self.admin, self.member, self.outsider, self.other = people
        self.group = f"g{next(self._numbers):021d}"
        self.do([EnsureUser(user, user, "") for user in people])
        edges = [edge for other in people[1:] for edge in ((self.owner, other), (other, self.owner))]
        self.do([Follow(one, self.cid(), b"", other, True) for one, other in edges])
        self.do([CreateGroup(self.owner, self.cid(), b"", self.group, "t", "", "all", 4)])
        self.do([self.pull(self.admin, self.member)])
        self.do([self.role(self.admin, "admin")])
        self.do([self.send() for _ in range(2)])
        self.pos = 5

    def cid(self) -> str:
        return f"{next(self._numbers):022d}"

    def do(self, wishes: Sequence[AnyWish]) -> Outcome:
        outcomes = self.engine.settle([Proposed(next(self._numbers), wish) for wish in wishes])
        assert len(outcomes) == 1
        return outcomes[0]

    # -- what they ask

    def pull(self, *users: str) -> AnyWish:
        return AddMembers(self.owner, self.cid(), b"", self.group, list(users or (self.outsider,)))

    def role(self, user: str, role: str) -> AnyWish:
        return SetRole(self.owner, self.cid(), b"", self.group, user, role)

    def send(self) -> AnyWish:
        return Send(self.member, self.cid(), b"", self.group, "text", {"text": "more"}, None, None)

    def kick(self) -> AnyWish:
        return Kick(self.admin, self.cid(), b"", self.group, self.member)

    def leave(self) -> AnyWish:
        return Leave(self.member, self.cid(), b"", self.group)

    def ban(self) -> AnyWish:
        return BanMember(self.owner, self.cid(), b"", self.group, self.outsider, "")

    def transfer(self) -> AnyWish:
        return Transfer(self.owner, self.cid(), b"", self.group, self.member)

    def dissolve(self) -> AnyWish:
        return Dissolve(self.owner, self.cid(), b"", self.group)

    def recall(self) -> AnyWish:
        return Recall(self.admin, self.cid(), b"", self.group, self.pos, NOW_MS)


@pytest.fixture
def cast(store_url: str) -> Iterator[Cast]:
    made = Cast(store_url)
    yield made
    made.database.close()


def code(outcome: Outcome, index: int) -> str:
    """ "ok", the result of a pull, or why not."""
    answer = outcome.verdicts[index].answer
    if answer is None:
        return outcome.verdicts[index].code
    return str(answer["results"][0]["result"]) if "results" in answer else "ok"


Wish = Callable[[Cast], AnyWish]
PAIRS: dict[str, tuple[Wish, Wish, tuple[str, str], tuple[str, str]]] = {
    # the one, the other, their verdicts in this order, and (of the same two) when the other comes first
    "last place": (Cast.pull, lambda c: c.pull(c.other), ("added", "full"), ("full", "added")),
    "pull, unfollow": (
        Cast.pull,
        lambda c: Follow(c.outsider, c.cid(), b"", c.owner, False),
        ("added", "ok"),
        ("not_mutual", "ok"),
    ),
    "pull, unfollow by the puller": (
        Cast.pull,
        lambda c: Follow(c.owner, c.cid(), b"", c.outsider, False),
        ("added", "ok"),
        ("not_mutual", "ok"),
    ),
    "pull, block": (
        Cast.pull,
        lambda c: Block(c.outsider, c.cid(), b"", c.owner, True),
        ("added", "ok"),
        ("not_mutual", "ok"),
    ),
    "kick, send": (Cast.kick, Cast.send, ("ok", "not_found"), ("ok", "ok")),
    "kick, demotion": (Cast.kick, lambda c: c.role(c.admin, "member"), ("ok", "ok"), ("forbidden", "ok")),
    "kick, promotion": (Cast.kick, lambda c: c.role(c.member, "admin"), ("ok", "not_found"), ("forbidden", "ok")),
    "kick, leave": (Cast.kick, Cast.leave, ("ok", "not_found"), ("not_found", "ok")),
    "recall, edit": (
        Cast.recall,
        lambda c: Edit(c.member, c.cid(), b"", c.group, c.pos, {"text": "new"}, NOW_MS),
        ("ok", "gone"),
        ("ok", "ok"),
    ),
    "recall, reply": (
        Cast.recall,
        lambda c: Send(c.owner, c.cid(), b"", c.group, "text", {"text": "re"}, c.pos, None),
        ("ok", "gone"),
        ("ok", "ok"),
    ),
    "pull, ban": (Cast.pull, Cast.ban, ("added", "ok"), ("banned", "ok")),
    "pull, dissolve": (Cast.pull, Cast.dissolve, ("added", "ok"), ("read_only", "ok")),
    "send, dissolve": (Cast.send, Cast.dissolve, ("ok", "ok"), ("read_only", "ok")),
    "transfer, leave of the heir": (Cast.transfer, Cast.leave, ("ok", "owner_must_stay"), ("not_found", "ok")),
    "transfer, leave of the owner": (
        Cast.transfer,
        lambda c: Leave(c.owner, c.cid(), b"", c.group),
        ("ok", "ok"),
        ("ok", "owner_must_stay"),
    ),
    "transfer, leave to another": (
        Cast.transfer,
        lambda c: Leave(c.owner, c.cid(), b"", c.group, c.admin),
        ("ok", "forbidden"),
        ("not_found", "ok"),
    ),
    "transfer, kick of the heir": (Cast.transfer, Cast.kick, ("ok", "forbidden"), ("not_found", "ok")),
    "transfer, dissolve": (Cast.transfer, Cast.dissolve, ("ok", "forbidden"), ("read_only", "ok")),
    "leave, dissolve": (Cast.leave, Cast.dissolve, ("ok", "ok"), ("ok", "ok")),
    "leave with a successor, dissolve": (
        lambda c: Leave(c.owner, c.cid(), b"", c.group, c.member),
        Cast.dissolve,
        ("ok", "not_found"),
        ("ok", "ok"),
    ),
    "a right taken, send": (
        Cast.send,
        lambda c: UpdateGroup(c.owner, c.cid(), b"", c.group, None, None, None, None, rights={"post": "admin"}),
        ("ok", "ok"),
        ("forbidden", "ok"),
    ),
    "silenced, send": (Cast.send, lambda c: c.role(c.member, "silent"), ("ok", "ok"), ("forbidden", "ok")),
    "pull, leave": (lambda c: c.pull(c.member), Cast.leave, ("already", "ok"), ("added", "ok")),
}


@pytest.mark.promise("P6", "order.last_place", "order.unfollow", "order.block", "order.demotion", "order.promotion")
@pytest.mark.promise("P6", "order.ban", "order.dissolve", "order.transfer")
@pytest.mark.parametrize("turned", [False, True], ids=["this order", "the other"])
@pytest.mark.parametrize("apart", [False, True], ids=["one transaction", "two"])
def test_the_later_one_meets_what_the_earlier_one_did(cast: Cast, apart: bool, turned: bool) -> None:
    """A verdict depends on the order and on nothing else: not on where one transaction ends."""
    for name, (one, other, in_order, turned_round) in PAIRS.items():
        cast.anew()
        wishes = [one(cast), other(cast)]
        indexes = [1, 0] if turned else [0, 1]
        if apart:
            verdicts = {index: code(cast.do([wishes[index]]), 0) for index in indexes}
        else:
            outcome = cast.do([wishes[index] for index in indexes])
            verdicts = {index: code(outcome, place) for place, index in enumerate(indexes)}
        assert (verdicts[0], verdicts[1]) == (turned_round if turned else in_order), name


@pytest.mark.promise("P2", "order.one_cid")
@pytest.mark.parametrize("apart", [False, True], ids=["one transaction", "two"])
def test_a_repeated_cid_happens_once(cast: Cast, apart: bool) -> None:
    """The same answer twice, one entry."""
    for wish in (cast.send(), cast.pull(), cast.kick()):
        outcomes = [cast.do([wish]), cast.do([wish])] if apart else [cast.do([wish, wish])]
        answers = [verdict.answer for outcome in outcomes for verdict in outcome.verdicts]
        assert answers[0] == answers[1]
        assert answers[0] is not None
        assert sum(len(change.entries) for outcome in outcomes for change in outcome.groups) == 1


@pytest.mark.promise("P6", "order.direct")
@pytest.mark.parametrize("apart", [False, True], ids=["one transaction", "two"])
def test_a_direct_chat_made_by_both_is_one(cast: Cast, apart: bool) -> None:
    """Whoever comes second gets what the first one made."""
    pairs = ((cast.owner, cast.member), (cast.member, cast.owner))
    wishes = [CreateDirect(a, cast.cid(), b"", f"g{number:021d}", b) for number, (a, b) in enumerate(pairs, 10**9)]
    outcomes = [cast.do([wish]) for wish in wishes] if apart else [cast.do(wishes)]
    answers = [verdict.answer or {} for outcome in outcomes for verdict in outcome.verdicts]
    assert [answer.get("created") for answer in answers] == [True, False]
    assert answers[0]["group"] == answers[1]["group"] == wishes[0].group
