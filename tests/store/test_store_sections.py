"""Sections in the store, on both databases: their numbers, what newcomers see, what was read, and the judge."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.core.messages import Send
from chatd.core.sections import CreateSection, OrderSections, UpdateSection
from chatd.core.users import SaveReads
from chatd.store import chats, mentions, messages, sections
from chatd.store.cards import NEWEST_IN_GROUP
from chatd.store.readers import Reader, Readers
from chatd.store.sweeping import swept_tables
from tests.store.kit import DIGEST, START_MS, Store, add, kick, leave, new_cid, put_video, recall, run, update
from tests.store.test_store_verify import check

pytestmark = pytest.mark.relaxed_durability


def create_in(group: str, actor: str = "ann", kind: str = "chat") -> CreateSection:
    return CreateSection(actor, new_cid(), DIGEST, group, kind, "More", "")


def close(group: str, section: int, on: bool = True) -> UpdateSection:
    return UpdateSection("ann", new_cid(), DIGEST, group, section, None, None, None, on)


def say(user: str, group: str, section: int, **body: Any) -> Send:
    return Send(user, new_cid(), DIGEST, group, "text", {"text": "x" * 50} | body, None, None, section=section)


def naming(*who: str) -> dict[str, Any]:
    """Parts of a text that mention people; `*` is everybody."""
    return {
        "entities": [
            {"offset": at, "length": 1} | ({"all": True} if one == "*" else {"user": one}) for at, one in enumerate(who)
        ]
    }


def show_video(user: str, group: str, section: int) -> Send:
    return Send(user, new_cid(), DIGEST, group, "video_card", {"video": "v"}, None, None, section=section)


def read(store: Store, ask: Any) -> Any:
    async def reading() -> Any:
        readers = Readers(store.url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                return await ask(reader)
        finally:
            await readers.close()

    return run(reading())


@pytest.fixture
def tea(store: Store) -> Store:
    """A group with sections 1 and 2; entries 4 to 9 are messages in 0, 1, 1, 2, 0, 1."""
    ann, *_ = store.people("ann", "ben", "cat")
    store.found("tea", ann, "ben", history="all")
    store.make_mutual("ann", "cat")
    store.done(create_in("tea"), create_in("tea", kind="qa"))
    store.done(*(say("ben", "tea", section) for section in (0, 1, 1, 2, 0, 1)))
    return store


def numbers(store: Store) -> list[tuple[Any, ...]]:
    return store.rows("SELECT pos, section, seq FROM entries WHERE seq IS NOT NULL ORDER BY pos")


@pytest.mark.promise("P3", "numbering")
def test_sections_are_numbered_each_for_itself_over_commits_and_writers(tea: Store) -> None:
    first = tea.rows("SELECT head FROM groups WHERE group_id = 'tea'")[0][0] - 5
    places = [(0, 1), (1, 1), (1, 2), (2, 1), (0, 2), (1, 3)]
    assert numbers(tea) == [(first + at, *place) for at, place in enumerate(places)]
    tea.reopen()
    tea.done(say("ann", "tea", 1), say("ann", "tea", 0))
    assert [row[1:] for row in numbers(tea)][-2:] == [(1, 4), (0, 3)]
    assert tea.rows("SELECT section, seq, head FROM sections ORDER BY section") == [
        (1, 4, first + 6),
        (2, 1, first + 3),
    ]
    assert check(tea.url).problems == []


def test_a_notice_in_a_section_is_whole_and_counts_for_nothing(tea: Store) -> None:
    notice = Send("ann", new_cid(), DIGEST, "tea", "notice", {"text": "Be kind"}, None, None, section=1)
    tea.done(notice, say("ben", "tea", 1), update("ann", "tea", history="last:1"), add("ann", "tea", "cat"))
    assert tea.rows("SELECT seq FROM sections WHERE section = 1") == [(4,)]
    assert check(tea.url).problems == []


@pytest.mark.promise("P8", "limits.sections_per_group")
def test_ten_who_make_the_fifth_section_at_once_make_one(tea: Store) -> None:
    tea.done(create_in("tea"))
    codes = tea.codes(*(create_in("tea") for _ in range(10)))
    assert codes == ["", *["section_limit"] * 9]
    assert check(tea.url).problems == []


def test_a_section_made_in_the_same_batch_is_written_in(store: Store) -> None:
    ann, _ = store.people("ann", "ben")
    store.found("tea", ann, "ben", history="last:2")
    store.make_mutual("ann", "ben")
    store.done(kick(ann, "tea", "ben"))
    answers = store.done(
        create_in("tea"), say(ann, "tea", 1), say(ann, "tea", 0), say(ann, "tea", 1), add(ann, "tea", "ben")
    )
    assert [one.get("seq") for one in answers] == [None, 1, 1, 2, None]
    assert check(store.url).problems == []
    period = store.rows("SELECT from_pos, from_seq FROM memberships WHERE user_id = 'ben' AND period = 2")
    assert period == [(answers[1]["pos"], 0)], "the newest two messages, one of them in each section"


@pytest.mark.parametrize("rule", ["last:1", "last:2", "last:3", "last:6", "last:7", "none", "all"])
def test_newcomers_see_as_many_messages_of_all_sections_as_the_rule_says(tea: Store, rule: str) -> None:
    tea.done(update("ann", "tea", history=rule))
    tea.done(add("ann", "tea", "cat"))
    ((floor, seq),) = tea.rows("SELECT from_pos, from_seq FROM memberships WHERE user_id = 'cat'")
    seen = [row for row in numbers(tea) if row[0] > floor]
    counts = {"none": 0, "all": 6, "last:7": 6}
    assert len(seen) == (counts[rule] if rule in counts else int(rule.removeprefix("last:")))
    assert seq == len([row for row in numbers(tea) if row[0] <= floor and row[1] == 0])
    assert check(tea.url).problems == []


def test_coming_back_hides_what_was_said_in_sections_meanwhile(tea: Store) -> None:
    tea.done(add("ann", "tea", "cat"))
    tea.done(leave("cat", "tea"))
    tea.done(say("ann", "tea", 1), update("ann", "tea", history="last:3"), add("ann", "tea", "cat"))
    assert check(tea.url).problems == []


# -- what is read of them


async def _lines(reader: Reader, user: str, **newer: int) -> list[sections.SectionPlace]:
    known = {int(name.removeprefix("s")): seq for name, seq in newer.items()}
    found = await sections.lines_of(reader, user, ["tea"], lambda _, section: known.get(section, 0))
    return sorted(found["tea"], key=lambda place: place.section)


def test_unread_and_mentions_are_counted_per_section(tea: Store) -> None:
    said = tea.done(say("ann", "tea", 1, **naming("ben")), say("ann", "tea", 2, **naming("ben")), say("ann", "tea", 1))
    tea.done(recall("ann", "tea", said[2]["pos"]), SaveReads([("tea", "ben", 1, 3), ("tea", "ben", 0, 2)]))
    one, two = read(tea, lambda r: _lines(r, "ben"))
    assert (one.seq, one.head, one.floor, one.read, one.recalled) == (5, said[2]["pos"], 0, 3, 1)
    assert (one.mentions, one.mention) == (1, said[0]["pos"])
    assert (two.seq, two.read, two.recalled, two.mentions, two.mention) == (2, 0, 0, 1, said[1]["pos"])
    one, two = read(tea, lambda r: _lines(r, "ben", s1=5))
    assert (one.read, one.recalled, one.mentions, one.mention) == (5, 0, 0, None), "what the hub knows is newer"
    ((mentioned, first),) = [read(tea, lambda r: chats.mentions_above(r, "ben", "tea", 0))]
    assert (mentioned, first) == (0, None), "the main section is counted for itself"


def test_a_section_begins_for_a_member_where_their_time_does(tea: Store) -> None:
    tea.done(update("ann", "tea", history="last:3"), add("ann", "tea", "cat"))
    one, two = read(tea, lambda r: _lines(r, "cat"))
    assert (one.floor, one.read, one.seq) == (2, 2, 3)
    assert (two.floor, two.read, two.seq) == (0, 0, 1)
    place = read(tea, lambda r: sections.place_in(r, "cat", "tea", 1))
    assert (place.seq, place.floor, place.read) == (3, 2, 2)
    assert read(tea, lambda r: sections.place_in(r, "cat", "tea", 9)) is None
    assert read(tea, lambda r: sections.place_in(r, "eve", "tea", 1)) is None
    tea.done(SaveReads([("tea", "cat", 1, 3)]))
    assert read(tea, lambda r: sections.member_reads(r, "tea", 1, 9)) == [("ann", 0, 0), ("ben", 0, 0), ("cat", 2, 3)]
    assert read(tea, lambda r: sections.reads_in(r, "cat")) == [("tea", 1, 3)]


def test_numbers_are_found_by_position_and_pages_by_numbers(tea: Store) -> None:
    places = numbers(tea)
    for section in (0, 1, 2):
        count, gone = read(tea, lambda r, s=section: sections.messages_in(r, "tea", s))
        assert gone == 0
        assert count == len([row for row in places if row[1] == section])
        for pos in range(places[-1][0] + 2):
            found = read(tea, lambda r, s=section, p=pos, n=count: sections.number_at(r, "tea", s, p, n, 0))
            assert found == len([row for row in places if row[1] == section and row[0] <= pos])
    assert read(tea, lambda r: sections.messages_in(r, "tea", 9)) is None
    page = read(tea, lambda r: messages.section_page(r, "tea", 1, 2, 3))
    assert [(entry.section, entry.seq) for entry in page.entries] == [(1, 2), (1, 3)]
    assert read(tea, lambda r: messages.section_page(r, "tea", 1, 3, 2)).entries == []


def test_a_mention_is_listed_once_whatever_its_number(tea: Store) -> None:
    """Two mentions with one number, in two sections of one group."""
    tea.done(say("ann", "tea", 0, **naming("ben")), say("ann", "tea", 2, **naming("ben")))
    tea.done(say("ann", "tea", 1, **naming("*")))
    end = mentions.Place(2**53, 2**53, "")
    found = read(tea, lambda r: mentions.mentions_of(r, "ben", end, 9))
    assert [place.pos for place in found] == sorted((row[0] for row in numbers(tea)[-3:]), reverse=True)
    rest = read(tea, lambda r: mentions.mentions_of(r, "ben", found[0], 9))
    assert rest == found[1:]
    assert check(tea.url).problems == []


def test_whether_a_card_is_recent_is_judged_in_its_section(tea: Store) -> None:
    tea.done(put_video("v"))
    tea.done(show_video("ann", "tea", 2))
    tea.now_ms += 1000
    tea.done(*(say("ann", "tea", 0) for _ in range(5)))

    def recent(newest: int) -> list[Any]:
        rows, _ = tea.database.run(NEWEST_IN_GROUP, ("video", "v", "tea", START_MS + 500, newest))
        return rows

    assert len(recent(1)) == 1, "it is the newest one of its section"
    tea.done(say("ann", "tea", 2))
    assert recent(1) == []
    assert len(recent(2)) == 1
    assert check(tea.url).problems == []


# -- the judge

DAMAGE = {
    "a hole in a section": ("UPDATE entries SET seq = 7 WHERE section = 1 AND seq = 3", "is message 7 of its section"),
    "a message in another section": (
        "UPDATE entries SET section = 2, seq = 2 WHERE section = 1 AND seq = 3",
        "numbers of",
    ),
    "a message in no section": ("UPDATE entries SET section = 4 WHERE section = 2", "stands in section 4"),
    "a row too far": ("UPDATE sections SET seq = 9 WHERE section = 1", "the numbers of its sections"),
    "a row with another head": ("UPDATE sections SET head = 1 WHERE section = 2", "the numbers of its sections"),
    "a row that is missing": ("DELETE FROM sections WHERE section = 2", "the numbers of its sections"),
    "a row of no group": (
        "INSERT INTO sections (group_id, section, seq, head) VALUES ('nowhere', 1, 0, 0)",
        "sections: nowhere is no group",
    ),
    "sections that nobody made": (
        "UPDATE groups SET settings = replace(settings, 'More', 'Less')",
        "its sections are not what",
    ),
    "no sections at all": ("UPDATE groups SET settings = '{}'", "its sections are not what"),
    "sections by a member": (
        "UPDATE entries SET actor = 'ben' WHERE kind = 'sections'",
        "changes sections without the right to",
    ),
    "a lost section": (
        (
            'UPDATE entries SET body = replace(body, \'"section":1,"kind":"chat"\', \'"section":5,"kind":"chat"\')'
            " WHERE kind = 'sections' AND body LIKE '%qa%'"
        ),
        "names a section twice, or loses one",
    ),
    "an edit in a section": ("UPDATE entries SET section = 1 WHERE kind = 'members'", "stands in a section, and is no"),
    "read too far": ("INSERT INTO reads VALUES ('ben', 'tea', 1, 9)", "reads: ben has read 9"),
    "read in no section": ("INSERT INTO reads VALUES ('ben', 'tea', 7, 1)", "reads: ben has read 1"),
    "a mention of another section": (
        "INSERT INTO mentions VALUES ('ann', 'tea', 2, 1, 4, 1)",
        "mentions: ann is mentioned",
    ),
}


@pytest.mark.promise("P3", "verify")
@pytest.mark.parametrize("what", DAMAGE)
def test_damage_to_sections_is_named(tea: Store, what: str) -> None:
    sql, said = DAMAGE[what]
    tea.database.begin()
    tea.database.run(sql.replace("%", "%%") if "LIKE" in sql else sql)
    tea.database.commit()
    problems = check(tea.url).problems
    assert any(said in problem for problem in problems), problems


@pytest.mark.promise("P3", "verify")
def test_messages_of_sections_that_close_and_open_again_are_whole(tea: Store) -> None:
    tea.done(close("tea", 1), OrderSections("ann", new_cid(), DIGEST, "tea", [2, 0]))
    assert tea.codes(say("ben", "tea", 1)) == ["read_only"]
    tea.done(close("tea", 1, False), say("ben", "tea", 1))
    assert check(tea.url).problems == []
    tea.done(close("tea", 1))
    tea.database.begin()
    tea.database.run('UPDATE entries SET body = replace(body, \'"act":"open"\', \'"act":"order"\')')
    tea.database.run(
        'UPDATE entries SET body = replace(body, \'"title":"More"}]\', \'"title":"More","closed":true}]\')'
        " WHERE body LIKE '%%order%%'"
    )
    tea.database.commit()
    assert any("which was not open" in problem for problem in check(tea.url).problems)


def test_commands_in_sections_are_known_again(tea: Store) -> None:
    made, said = create_in("tea"), say("ben", "tea", 1)
    first = tea.done(made, said)
    tea.reopen()
    assert tea.done(made, said) == first
    assert first[1]["section"] == 1


def test_the_rows_of_a_section_go_with_their_group() -> None:
    assert "sections" in {table.name for table in swept_tables()}
