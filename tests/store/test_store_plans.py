"""Every statement on the way of a commit or a read goes through an index, on both databases.

The planner is asked (EXPLAIN), on tables of a few thousand rows that it has statistics of. `verify` is not asked: it
reads everything on purpose.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from types import ModuleType
from typing import Any, TypeVar

import pytest

from chatd.core.board import Board, Featured, Mention
from chatd.core.bots import Bot, BotToken
from chatd.core.broadcasts import Broadcast, BroadcastGroup
from chatd.core.catalogue import Pending
from chatd.core.chats import Chat, Draft
from chatd.core.devices import Devices
from chatd.core.fans import FanGroups
from chatd.core.follows import FollowImport, FollowVersion
from chatd.core.handles import Handle
from chatd.core.invite_rows import Invite, Maker
from chatd.core.profiles import NamePart
from chatd.core.requests import JoinRequest
from chatd.core.values import Entry
from chatd.store import (
    bans,
    boards,
    bots,
    broadcasts,
    cards,
    catalogue,
    chats,
    commits,
    contacts,
    engine,
    fans,
    follows,
    groups,
    invites,
    mentions,
    messages,
    records,
    relations,
    sections,
    users,
)
from chatd.store.database import Database, Row, connect
from chatd.store.migrate import life
from chatd.store.readers import Reader, Readers
from chatd.store.records import rows_of
from chatd.store.statements import Probe
from tests.store.crowd import fill
from tests.store.kit import run
from tests.store.planner import Statement, explain, parameters_of

T = TypeVar("T")
MODULES: tuple[ModuleType, ...] = (
    bans,
    boards,
    bots,
    broadcasts,
    cards,
    catalogue,
    chats,
    commits,
    contacts,
    engine,
    fans,
    follows,
    groups,
    invites,
    mentions,
    messages,
    relations,
    sections,
    users,
)
STATEMENTS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, Statement)
}
STATEMENTS |= {
    f"records.{kind.__name__}.{which}": getattr(rows_of(kind), which)
    for kind in (Chat, Devices, Draft, Handle, NamePart)
    for which in (("probe", "write", "drop") if kind is not NamePart else ("write", "drop"))
}
STATEMENTS |= {
    f"{kind.table}.{name}": statement
    for kind in (
        Board,
        Bot,
        BotToken,
        Broadcast,
        BroadcastGroup,
        FanGroups,
        Featured,
        FollowImport,
        FollowVersion,
        Invite,
        JoinRequest,
        Maker,
        Mention,
    )
    for name, statement in vars(records.rows_of(kind)).items()
    if isinstance(statement, Statement)
}
# Written out in the engine, with parameters that fit the rows below.
WRITTEN: dict[str, tuple[str, Row]] = {
    "engine.OLD_COMMANDS": (engine.OLD_COMMANDS, (1000, 500)),
    "engine.OLD_IMPORTS": (engine.OLD_IMPORTS, (5,)),
    "engine.OLDEST_COMMIT": (engine.OLDEST_COMMIT, (0,)),
    "engine.DROP_COMMITS": (engine.DROP_COMMITS, (0, 10)),
    "the next commit": ("UPDATE writers SET n = n + 1 WHERE writer = ? AND holder = ? AND n = ?", (0, "x", 1)),
}


async def relations_all(reader: Reader) -> None:
    for which in ("following", "followers", "mutual", "blocked"):
        await relations.relations_of(reader, "u00007", which, "u00100", 20)


async def bans_of_all(reader: Reader) -> None:
    for group, user in ((None, None), ("g01400", None), (None, "u00007"), ("g01400", "u00007")):
        await bans.all_bans(reader, group, user, ("g01400", "u00001"), 20)


async def waiting(reader: Reader) -> None:
    for group in (None, "g01400"):
        await invites.waiting_page(reader, group, ("g01400", "u00001"), 20)


async def edges(reader: Reader) -> None:
    for which in follows.WHICH:
        await follows.edges_page(reader, "u00007", which, "u00100", 20)


async def revoked(reader: Reader) -> None:
    user = await users.user_by_sub(reader, "s00007")
    assert user is not None
    await users.revoked_before(reader, user, "phone")


def card_entry() -> Entry:
    body = {"type": "product_card", "body": {"product": "p00007", "title": "Teapot"}}
    return Entry("g01400", 5, 1, "message", "u00007", "c", 5, None, 0, False, {}, body)


async def to_tell(reader: Reader) -> None:
    window = cards.Window(0, 200)
    for pending in (
        Pending("product", "p00007", "", 1, 1, cursor="g00300"),
        Pending("product", "p00007", "", 1, 1, cursor="g00300", upto="g00500"),
        Pending("product", "p00007", "g01400", 1, 1),
    ):
        await cards.groups_to_tell(reader, pending, window, 51)


async def to_share(reader: Reader) -> None:
    await catalogue.items_titled(reader, "product", [" tea", "绿茶"], 20)
    await catalogue.items_titled(reader, "video", [], 20)


async def own_restriction(reader: Reader) -> None:
    group = await groups.group_by_id(reader, "g01400")
    assert group is not None
    await groups.restricted_until(reader, group, "u00007")


async def requests_pages(reader: Reader) -> None:
    asked = [one for one, _ in await invites.requests_page(reader, "group_id", "g01400", (0, "u00007"), 20)]
    await invites.requests_page(reader, "user_id", "u00007", (0, "g01400"), 20)
    await invites.good_invites(reader, asked, 1)


# Every function that reads, called as the hub does.
READS: dict[str, Callable[[Reader], Awaitable[object]]] = {
    "bots.token_by_digest": lambda r: bots.token_by_digest(r, "d00007"),
    "bots.bot_of_user": lambda r: bots.bot_of_user(r, "u00007"),
    "bots.bot_named": lambda r: bots.bot_named(r, "b00007"),
    "bots.bots_page": lambda r: bots.bots_page(r, "u00007", 20),
    "bots.bots_in": lambda r: bots.bots_in(r, "g01400", "u00007", 20),
    "cards.fill_entries": lambda r: cards.fill_entries(r, [card_entry()]),
    "cards.pending_until": lambda r: cards.pending_until(r, 900, 16),
    "cards.groups_to_tell": to_tell,
    "catalogue.items_of": lambda r: catalogue.items_of(r, [("product", "p00007"), ("video", "v00008")]),
    "catalogue.page_of": lambda r: catalogue.page_of(r, "product", "p00100", 20),
    "catalogue.items_titled": to_share,
    "commits.last_commit": lambda r: commits.last_commit(r, 0),
    "commits.touched_since": lambda r: commits.touched_since(r, 0, 9990),
    "contacts.waiting_for": lambda r: contacts.waiting_for(r, "u00007", "u00001", 20),
    "relations.suggested": lambda r: relations.suggested(r, "u00007", "g01400", 20),
    "invites.invites_page": lambda r: invites.invites_page(r, "g01400", "u00007", "i00107", 20),
    "invites.all_invites": lambda r: invites.all_invites(r, None, "i00107", 20),
    "invites.place_of": lambda r: invites.place_of(r, "i00107"),
    "invites.received_page": lambda r: invites.received_page(r, "u00007", "i00107", 1, 20),
    "invites.requests_page": requests_pages,
    "invites.good_invites": requests_pages,
    "invites.stays_of": lambda r: invites.stays_of(r, "g01400", 20),
    "chats.places_of": lambda r: chats.places_of(r, "u00007"),
    "chats.lines_of": lambda r: chats.lines_of(r, "u00007", ["g01400", "g01600"]),
    "chats.line_of": lambda r: chats.line_of(r, "u00007", "g01400"),
    "boards.board_of": lambda r: boards.board_of(r, "g01400"),
    "boards.featured_page": lambda r: boards.featured_page(r, "g01400", 5, 90, 20),
    "chats.mentions_above": lambda r: chats.mentions_above(r, "u00007", "g01400", 5),
    "mentions.mentions_of": lambda r: mentions.mentions_of(r, "u00007", mentions.Place(9, 9, "g"), 20),
    "messages.messages_at": lambda r: messages.messages_at(r, [("g01400", 5), ("g01600", 6)]),
    "messages.first_since": lambda r: messages.first_since(r, "g01400", 5, 90, 1),
    "chats.recalled_above": lambda r: chats.recalled_above(r, "g01400", 100),
    "groups.members_page": lambda r: groups.members_page(r, "g01400", "u00100", 20),
    "groups.restricted_until": own_restriction,
    "groups.owner_of": lambda r: groups.owner_of(r, "g01400"),
    "groups.group_by_id": lambda r: groups.group_by_id(r, "g01400"),
    "groups.groups_page": lambda r: groups.groups_page(r, "g01400", 20),
    "groups.groups_of_user": lambda r: groups.groups_of_user(r, "u00007", 20),
    "broadcasts.find_broadcast": lambda r: broadcasts.find_broadcast(r, "b00007"),
    "broadcasts.broadcasts_page": lambda r: broadcasts.broadcasts_page(r, "b00007", 20),
    "broadcasts.running": lambda r: broadcasts.running(r, 16),
    "broadcasts.waiting_groups": lambda r: broadcasts.waiting_groups(r, "b00007", 20),
    "broadcasts.results_page": lambda r: broadcasts.results_page(r, "b00007", "g01400", 20),
    "broadcasts.groups_to_aim_at": lambda r: broadcasts.groups_to_aim_at(r, "staff", 1, "g01400", 1),
    "bans.all_bans": bans_of_all,
    "invites.waiting_page": waiting,
    "bans.bans_page": lambda r: bans.bans_page(r, "g01400", "u00001", 20),
    "chats.drafts_of": lambda r: chats.drafts_of(r, "u00007"),
    "chats.reads_of": lambda r: chats.reads_of(r, "g01400", 100),
    "messages.page_up": lambda r: messages.page_up(r, "g01400", 20, 90, 20),
    "messages.page_down": lambda r: messages.page_down(r, "g01400", 20, 90, 20),
    "messages.times_of": lambda r: messages.times_of(r, [("g01400", 5), ("g01600", 6)]),
    "messages.messages_numbered": lambda r: messages.messages_numbered(r, [("g01400", 0, 5), ("g01600", 2, 6)]),
    "messages.message_at": lambda r: messages.message_at(r, "g01400", 5),
    "messages.reacted": lambda r: messages.reacted(r, "g01400", 5, "u00001", 20),
    "messages.section_page": lambda r: messages.section_page(r, "g01400", 2, 5, 9),
    "sections.lines_of": lambda r: sections.lines_of(r, "u00007", ["g01400", "g01600"], lambda *_: 0),
    "sections.place_in": lambda r: sections.place_in(r, "u00007", "g01400", 2),
    "sections.messages_in": lambda r: sections.messages_in(r, "g01400", 2),
    "sections.number_at": lambda r: sections.number_at(r, "g01400", 0, 4, 5, 0),
    "sections.reads_in": lambda r: sections.reads_in(r, "u00007"),
    "sections.member_reads": lambda r: sections.member_reads(r, "g01400", 2, 100),
    "messages.span_of": lambda r: messages.span_of(r, "g01400"),
    "messages.head_of": lambda r: messages.head_of(r, "g01400"),
    "relations.relations_of": relations_all,
    "relations.blocked_of": lambda r: relations.blocked_of(r, "u00007", {"u00008", "u00016"}),
    "relations.circle_of": lambda r: relations.circle_of(r, {("u00007", "u00008"), ("u00009", "u00007")}, mutual=True),
    "relations.those_who_show_reads": lambda r: relations.those_who_show_reads(r, ["u00007", "u00008"]),
    "follows.users_of": lambda r: follows.users_of(r, ["s00007", "s00008"]),
    "follows.import_of": lambda r: follows.import_of(r, "name:00007"),
    "follows.edges_page": edges,
    "users.user_by_sub": lambda r: users.user_by_sub(r, "s00007"),
    "users.revoked_before": revoked,
    "users.mine_page": lambda r: users.mine_page(r, "u00007", 2, 20),
    "users.mine_at": lambda r: users.mine_at(r, "u00007", 2),
    "users.person": lambda r: users.person(r, "u00007"),
    "users.users_named": lambda r: users.users_named(r, ["u00007"], ["s00008"]),
    "users.users_page": lambda r: users.users_page(r, "u00007", 20),
    "users.users_with_part": lambda r: users.users_with_part(r, "00007", 20),
    "users.last_seen": lambda r: users.last_seen(r, ["u00007", "u00008"]),
    "users.head_of_mine": lambda r: users.head_of_mine(r, "u00007"),
}


class Listening:
    """A reader that writes down what it is asked."""

    def __init__(self, inner: Reader, asked: list[tuple[str, str, Row]], name: str) -> None:
        self._inner = inner
        self._asked = asked
        self._name = name
        self.among = inner.among

    def array(self, values: Sequence[str]) -> object:
        return self._inner.array(values)

    async def all(self, sql: str, params: Row = ()) -> list[Row]:
        self._asked.append((self._name, sql, params))
        return await self._inner.all(sql, params)

    async def find(self, what: Probe, keys: Sequence[Row]) -> list[Row]:
        assert what in STATEMENTS.values(), "looked at with the others"
        return await self._inner.find(what, keys)

    async def run(self, work: Callable[[Reader], Coroutine[Any, Any, T]], *, last: bool = False) -> T:
        return await work(self)


@pytest.fixture(scope="module")
def filled_sqlite(sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("plans") / "chatd.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def filled_postgres(relaxed_postgres: Any, relaxed_postgres_template: str) -> Iterator[str]:
    with relaxed_postgres.fresh_database(relaxed_postgres_template) as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest) -> Iterator[tuple[str, Database]]:
    url: str = request.getfixturevalue("filled_sqlite" if request.param == "sqlite" else "filled_postgres")
    database = connect(url)
    fill(database)
    life(database)
    yield url, database
    database.close()


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements_for_many_rows_go_through_an_index(filled: tuple[str, Database], name: str) -> None:
    _, database = filled
    sql, params = parameters_of(database, STATEMENTS[name])
    assert explain(database, sql, params) == []


@pytest.mark.parametrize("name", WRITTEN)
def test_statements_of_the_engine_itself_go_through_an_index(filled: tuple[str, Database], name: str) -> None:
    _, database = filled
    assert explain(database, *WRITTEN[name]) == []


@pytest.mark.parametrize("name", READS)
def test_reads_go_through_an_index(filled: tuple[str, Database], name: str) -> None:
    url, database = filled
    asked: list[tuple[str, str, Row]] = []

    async def ask() -> None:
        readers = Readers(url, 1)
        await readers.open()
        async with readers.snapshot() as reader:
            await READS[name](Listening(reader, asked, name))
        await readers.close()

    run(ask())
    for _, sql, params in asked:
        assert explain(database, sql, params) == [], sql


def test_no_statement_is_left_out() -> None:
    reading = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in MODULES
        for name, value in vars(module).items()
        if inspect.iscoroutinefunction(value) and value.__module__ == module.__name__
    }
    assert set(READS) == reading
    written = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in (engine,)
        for name, value in vars(module).items()
        if isinstance(value, str) and re.match("SELECT|UPDATE|DELETE|INSERT", value)
    }
    assert written <= set(WRITTEN)
    assert "n = n + 1" in inspect.getsource(engine.Engine)


def test_the_planner_is_not_taken_at_its_word_for_nothing(filled: tuple[str, Database]) -> None:
    """The check sees a full scan where there is one."""
    _, database = filled
    for sql, params in (
        ("SELECT pos FROM entries WHERE at = ?", (1,)),
        ("SELECT target_id FROM follows WHERE at = ?", (1,)),
        ("UPDATE users SET name = '' WHERE name = ?", ("x",)),
    ):
        assert explain(database, sql, params), sql
