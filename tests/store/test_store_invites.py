"""Invites in the store: looked up before the locks, kept without their secrets, and proved whole by `verify`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from chatd.core.invites import CreateInvite, PreviewInvite, RedeemInvite, RevokeInvite
from chatd.core.requests import Decide, Join, SetEntry, Withdraw
from chatd.service.author import Author
from chatd.service.secrets import Secrets
from chatd.store.database import Row, connect
from chatd.store.statements import Lock, Probe
from chatd.store.verify import verify
from chatd_protocol.codes import is_code
from tests.store.kit import DIGEST, Store, Wrapped, kick, leave, new_cid


def make(
    maker: str, group: str, name: str = "i1", *, approval: bool = False, max_uses: int | None = None
) -> CreateInvite:
    fields = ("link", f"hash of {name}", None, "member", None, max_uses, approval, "")
    return CreateInvite(maker, new_cid(), DIGEST, group, name, *fields)


def take(user: str, name: str = "i1") -> RedeemInvite:
    return RedeemInvite(user, new_cid(), DIGEST, f"hash of {name}", None, "")


def decide(actor: str, group: str, user: str, *, approved: bool = True) -> Decide:
    return Decide(actor, new_cid(), DIGEST, group, user, 1, approved)


def problems(store: Store) -> list[str]:
    database = connect(store.url)
    try:
        return verify(database).problems
    finally:
        database.close()


@pytest.mark.promise("P6", "invite.once")
def test_one_of_many_in_one_commit_and_over_many_gets_a_single_use(tables_url: str) -> None:
    with Store(tables_url) as store:
        (ann, *racers) = store.people("ann", *(f"r{number:02}" for number in range(20)))
        store.found("g", ann)
        store.done(make(ann, "g", max_uses=1), make(ann, "g", "i2", max_uses=3))
        codes = store.codes(*(take(racer) for racer in racers))
        assert sorted(codes) == [""] + ["invite_invalid"] * 19
        assert store.codes(*(take(racer) for racer in racers)) == ["invite_invalid" if code else "" for code in codes]
        late = [code for racer in racers for code in store.codes(take(racer, "i2"))]
        assert late.count("") == 4, "three come in, and the one who was in is told so"
        assert store.rows("SELECT invite_id, uses FROM invites ORDER BY invite_id") == [("i1", 1), ("i2", 3)]
        assert problems(store) == []


@pytest.mark.promise("P6", "request")
def test_a_request_is_decided_once_in_one_commit_and_over_two(tables_url: str) -> None:
    with Store(tables_url) as store:
        ann, ben, cat, dan = store.people("ann", "ben", "cat", "dan")
        store.found("g", ann, ben)
        store.done(make(ann, "g", approval=True))
        assert [answer["result"] for answer in store.done(take(cat), take(dan))] == ["pending", "pending"]
        assert store.codes(decide(ann, "g", cat), decide(ann, "g", cat, approved=False)) == ["", "already_decided"]
        assert store.codes(decide(ann, "g", cat), decide(ann, "g", ben)) == ["already_decided", "not_found"]
        assert store.codes(Withdraw(dan, new_cid(), DIGEST, "g"), decide(ann, "g", dan)) == ["", "already_decided"]
        assert store.rows("SELECT pending FROM join_queues") == [(0,)]
        assert store.rows("SELECT uses FROM invites") == [(1,)]
        assert problems(store) == []


def test_revoking_and_taking_up_in_one_commit_go_in_their_order(tables_url: str) -> None:
    with Store(tables_url) as store:
        ann, ben, cat = store.people("ann", "ben", "cat")
        store.found("g", ann)
        store.done(make(ann, "g"), make(ann, "g", "i2"))
        revoke = RevokeInvite(ann, new_cid(), DIGEST, "i1")
        assert store.codes(take(ben), revoke, take(cat)) == ["", "", "invite_invalid"]
        assert store.codes(kick(ann, "g", ben), take(ben, "i2")) == ["", "invite_invalid"]
        assert problems(store) == []


def test_a_look_changes_nothing_and_makes_no_commit(tables_url: str) -> None:
    with Store(tables_url) as store:
        ann, ben = store.people("ann", "ben")
        store.found("g", ann)
        store.done(make(ann, "g"))
        before, n = store.everything(), store.engine.n
        looks = [PreviewInvite(user, f"hash of {name}", None) for user in (ben, ann, "") for name in ("i1", "nothing")]
        assert store.codes(*looks) == ["", "invite_invalid"] * 3
        assert (store.everything(), store.engine.n) == (before, n)


class Counting(Wrapped):
    """Counts what is asked."""

    finds = 0

    def find(self, what: Probe | Lock, keys: Sequence[Row]) -> list[Row]:
        self.finds += 1
        return super().find(what, keys)


def test_the_number_of_statements_does_not_depend_on_how_many_come(tables_url: str) -> None:
    with Store(tables_url) as store:
        people = store.people("ann", *(f"r{number:02}" for number in range(24)))
        for number in range(4):
            store.found(f"g{number}", "ann")
            store.done(make("ann", f"g{number}", f"i{number}"))
        counted: list[int] = []
        for batch in (people[1:3], people[3:]):
            counting = Counting(store.database)
            store.engine._db = counting
            assert set(store.codes(*(take(user, f"i{n % 4}") for n, user in enumerate(batch)))) == {""}
            counted.append(counting.finds)
        assert counted[0] == counted[1]


def test_verify_finds_what_no_rule_would_leave(tables_url: str) -> None:
    with Store(tables_url) as store:
        ann, ben, cat, dan = store.people("ann", "ben", "cat", "dan")
        store.found("g", ann)
        store.done(make(ann, "g", max_uses=5), make(ann, "g", "i2", approval=True))
        store.done(SetEntry(ann, new_cid(), DIGEST, "g", "open", None, None))
        store.done(take(ben))
        store.done(take(dan, "i2"), Join(cat, new_cid(), DIGEST, "g", ""))
        store.done(make(ben, "g", "i3"))
        store.done(leave(cat, "g"))
        store.done(take(cat, "i3"))
        assert problems(store) == []
        via = '{"invite":"i1","inviter":"cat","parent":null}'
        faults = {
            "UPDATE invites SET uses = 9 WHERE invite_id = 'i1'": "was used 9 times",
            "UPDATE invites SET uses = 0 WHERE invite_id = 'i1'": "brought 1 and was used 0",
            "UPDATE invites SET maker = 'nobody' WHERE invite_id = 'i3'": "i3 is of no group, no maker",
            "UPDATE invites SET target = 'ben' WHERE invite_id = 'i3'": "for nobody",
            "UPDATE join_queues SET pending = 7": "counts other requests than wait",
            "UPDATE join_requests SET state = 'lost'": "in a way that nobody asks",
            f"UPDATE memberships SET via = '{via}' WHERE user_id = 'ben'": "brought by cat, who was not in",
            f"UPDATE memberships SET via = '{via}' WHERE user_id = 'cat' AND period = 2": "names another who brought",
            'UPDATE groups SET settings = \'{"entry":"invite"}\'': "entry is not what its last entry",
            'UPDATE entries SET body = \'{"count":3,"joined":[{"user":"ben","by":"ann","how":"window"}]}\''
            " WHERE pos = 3": "by no way there is",
        }
        for fault, named in faults.items():
            before = store.everything()
            database = connect(store.url)
            database.begin()
            database.run(fault.replace("%", "%%") if database.kind == "postgresql" else fault)
            found = _problems_inside(database)
            database.rollback()
            database.close()
            assert any(named in problem for problem in found), (fault, found)
            assert store.everything() == before


def _problems_inside(database: object) -> list[str]:
    """What `verify` says of a transaction that is still open."""
    from chatd.store.verify import Report, _Check

    report = Report({}, [])
    _Check(database, report).run()  # type: ignore[arg-type]
    return report.problems


@pytest.mark.promise("P7", "invite.secret")
def test_secrets_are_derived_and_nowhere_in_the_file(sqlite_tables: str) -> None:
    secrets = Secrets(b"k" * 32)
    author = Author("u1", 0, b"d" * 16, lambda prefix: prefix, secrets)
    other = Author("u2", 0, b"d" * 16, lambda prefix: prefix, secrets)
    token, code = secrets.token(author, "cid"), secrets.code(author, "cid")
    assert (token, code) == (secrets.token(author, "cid"), secrets.code(author, "cid"))
    assert is_code(code)
    assert len(token) == 22
    assert len({token, secrets.token(author, "other"), secrets.token(other, "cid")}) == 3
    assert secrets.hash(code) != Secrets(b"l" * 32).hash(code)
    with Store(sqlite_tables) as store:
        (ann,) = store.people("ann")
        store.found("g", ann)
        hashed = secrets.hash(token)
        fields = ("link", hashed, None, "member", None, None, False, "")
        store.done(CreateInvite(ann, new_cid(), DIGEST, "g", "i1", *fields))
        store.database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    content = b"".join(
        path.read_bytes() for path in Path(sqlite_tables.removeprefix("sqlite:///")).parent.glob("chatd*")
    )
    assert hashed.encode() in content
    assert token.encode() not in content
