"""What the operator does in groups, in the store: replay equals state, and `verify` knows who it was."""

from __future__ import annotations

import pytest

from chatd.core.requests import Join, SetEntry
from chatd.core.tending import Adjust, Admit, Assign, Enlist, Hush, Silence
from chatd.store.bans import all_bans
from chatd.store.database import Row
from chatd.store.invites import waiting_page
from chatd.store.readers import Readers
from tests.store.kit import DIGEST, Store, ban, new_cid, run, send
from tests.store.test_store_invites import problems


@pytest.fixture
def tended(tea: Store) -> Store:
    """The group after the operator did one of each, in one commit."""
    tea.people("cat", "dan", "eve")
    tea.done(SetEntry("ann", new_cid(), DIGEST, "tea", "approval", None, None))
    tea.done(Join("dan", new_cid(), DIGEST, "tea", "please"), Join("eve", new_cid(), DIGEST, "tea", "pretty please"))
    tea.done(
        Enlist("tea", "cat", "silent"),
        Admit("tea", "dan", True),
        Assign("tea", "ben", "admin"),
        Adjust("tea", "Coffee", None, "last:5", 50, "be kind"),
        Hush("tea", True, 3600, "a raid"),
        Silence("tea", "dan", True, 3600, "spam", True),
    )
    return tea


@pytest.mark.promise("P6", "gate.operator")
def test_the_log_with_acts_of_the_operator_leads_to_the_state(tended: Store) -> None:
    assert problems(tended) == []
    tended.reopen()
    assert tended.codes(send("dan", "tea"), send("ben", "tea")) == ["restricted", ""]
    tended.done(Silence("tea", "dan", False, None, "", False), Hush("tea", False, None, ""), send("dan", "tea"))
    assert problems(tended) == []


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("UPDATE entries SET body = replace(body, '\"admin\"', '\"owner\"') WHERE kind = 'role'", "without the right"),
        (
            "UPDATE entries SET body = replace(body, '\"operator\"', '\"m\"') WHERE kind = 'members'",
            "by no way",
        ),
        ("UPDATE entries SET body = replace(body, 'Coffee', 'Cacao') WHERE kind = 'settings'", "title is not"),
    ],
)
def test_verify_tells_an_act_of_the_operator_from_one_that_nobody_could_do(
    tended: Store, wrong: str, found: str
) -> None:
    tended.database.run(wrong)
    assert any(found in problem for problem in problems(tended)), problems(tended)


def test_bans_and_requests_are_listed_over_all_groups(tended: Store) -> None:
    tended.found("other", "eve")
    tended.done(ban("eve", "other", "ben", "noise"), ban("ann", "tea", "cat", "spam"))

    async def read() -> list[list[Row]]:
        readers = Readers(tended.url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                return [
                    await all_bans(reader, None, None, ("", ""), 9),
                    await all_bans(reader, None, None, ("other", "ben"), 9),
                    await all_bans(reader, "tea", None, ("", ""), 9),
                    await all_bans(reader, None, "ben", ("", ""), 9),
                    await waiting_page(reader, None, ("", ""), 9),
                    await waiting_page(reader, "other", ("", ""), 9),
                ]
        finally:
            await readers.close()

    bans = [("other", "ben", "noise"), ("tea", "cat", "spam")]
    pages = run(read())
    shown = [[(row[0], row[1], row[6]) for row in page] for page in pages[:4]]
    assert shown == [bans, bans[1:], bans[1:], bans[:1]]
    assert [[(row[0], row[1], row[2], row[6]) for row in page] for page in pages[4:]] == [
        [("tea", "eve", "sub of eve", "pretty please")],
        [],
    ]
