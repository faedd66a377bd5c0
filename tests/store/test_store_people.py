"""People in the store of both databases: found by their names, handles, devices, accounts; and what `verify` sees."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chatd.core.accounts import SignUp
from chatd.core.devices import SaveDevices
from chatd.core.handles import SetHandle
from chatd.core.profiles import SetPrivacy, SetTag, UpdateProfile
from chatd.core.users import DisableUser, EnsureUser
from chatd.store import users
from chatd.store.database import connect
from chatd.store.readers import Reader, Readers
from chatd.store.verify import verify
from tests.store.kit import DIGEST, START_MS, Store, new_cid, run

pytestmark = pytest.mark.relaxed_durability


def read(store: Store, ask: Callable[[Reader], Awaitable[Any]]) -> Any:
    async def work() -> Any:
        readers = Readers(store.url, 1)
        await readers.open()
        async with readers.snapshot() as reader:
            found = await ask(reader)
        await readers.close()
        return found

    return run(work())


def found_by(store: Store, part: str) -> list[str]:
    ids: list[str] = read(store, lambda r: users.users_with_part(r, part, 100))
    return ids


@pytest.fixture
def town(store: Store) -> Store:
    """Somebody of each kind."""
    store.done(EnsureUser("ann", "ann", "Ann 石榴"), EnsureUser("ben", "ben", "Ben"), EnsureUser("cat", "cat", "Cat"))
    store.done(SignUp("dan", "dan", "Dan", "hash", None), SetHandle("ann", new_cid(), DIGEST, "Ann.1"))
    store.done(SetPrivacy("ben", new_cid(), DIGEST, False, None), DisableUser("cat", True))
    store.done(SaveDevices([("ann", "phone", "app/1", START_MS), ("ann", "tablet", "", START_MS + 5)]))
    store.done(SetTag("ann", "staff", None, True), UpdateProfile("dan", new_cid(), DIGEST, "Dän", None, "hi", None))
    return store


def problems(store: Store) -> list[str]:
    database = connect(store.url)
    try:
        return verify(database).problems
    finally:
        database.close()


def test_names_are_found_by_the_beginning_of_any_ending(town: Store) -> None:
    assert found_by(town, "石") == found_by(town, "榴") == found_by(town, "ann 石榴") == ["ann"]
    assert found_by(town, "n") == ["dan", "ann", "ann"]
    assert found_by(town, "ben") == found_by(town, "cat") == [], "hidden, and disabled"
    assert found_by(town, "dän") == ["dan"]
    assert found_by(town, "dan") == []


def test_when_people_were_here(town: Store) -> None:
    assert read(town, lambda r: users.last_seen(r, ["ann", "ben"])) == {"ann": START_MS + 5}


def test_two_who_sign_up_as_one_in_a_batch(town: Store) -> None:
    wishes = [SignUp(f"e{n}", "eve", "Eve", "hash", None) for n in range(3)]
    assert town.codes(*wishes) == ["", "taken", "taken"]
    assert town.rows("SELECT user_id FROM accounts WHERE login = 'eve'") == [("e0",)]


def test_what_the_engine_wrote_is_whole(town: Store) -> None:
    assert problems(town) == []


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("DELETE FROM name_parts WHERE user_id = 'ann'", "user ann: is found by other parts"),
        ("UPDATE users SET name = 'Anna' WHERE user_id = 'ann'", "user ann: is found by other parts"),
        ("UPDATE users SET disabled = (1 = 1) WHERE user_id = 'ann'", "user ann: is found by other parts"),
        ("UPDATE handles SET user_id = 'ben'", "user ann: the handle in their profile"),
        ("DELETE FROM handles", "handles: 0 belong to somebody, 1"),
        ("UPDATE users SET sub = 'x' WHERE user_id = 'dan'", "user dan: has an account"),
    ],
)
def test_what_something_else_did_is_named(town: Store, damage: str, says: str) -> None:
    database = connect(town.url)
    database.begin()
    database.run(damage)
    database.commit()
    database.close()
    assert any(problem.startswith(says) for problem in problems(town)), problems(town)
