"""Exports: all of a group, all of a person, nothing of anybody else, from one moment, a page at a time."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from chatd.core.retention import CutLog
from chatd.service.export import GroupExport, Missing, UserExport
from chatd.store import export as stored
from chatd.store.export import snapshot
from tests.store.kit import Store, leave, send
from tests.store.test_store_erasure import WORD, Steps, fill

pytestmark = pytest.mark.relaxed_durability
Lines = list[dict[str, Any]]


def group_of(store: Store, group: str) -> Lines:
    with snapshot(store.url) as database:
        return list(GroupExport(database, group, store.now_ms).lines())


def user_of(store: Store, user: str) -> Lines:
    with snapshot(store.url) as database:
        return list(UserExport(database, user, store.now_ms).lines())


def of_type(lines: Lines, kind: str) -> Lines:
    return [line for line in lines if line["type"] == kind]


def test_a_group_has_its_whole_log_its_people_and_its_items(store: Store) -> None:
    fill(store)
    lines = group_of(store, "tea")
    ((head,),) = store.rows("SELECT head FROM groups WHERE group_id = 'tea'")
    assert lines[0] == {"type": "export", "version": 1, "of": "group", "group": "tea", "at": store.now_ms}
    entries = [line["entry"] for line in of_type(lines, "entry")]
    assert [entry["pos"] for entry in entries] == list(range(1, head + 1))
    assert lines[1]["announcement"]["text"] == f"hear {WORD}"
    stays = Counter(line["user"] for line in of_type(lines, "member"))
    assert stays == {"ann": 1, "ben": 1, "cat": 1, "dan": 2, "eve": 1, "zoe": 1}
    assert {line["user"]: line["nickname"] for line in of_type(lines, "member") if "nickname" in line} == {
        "zoe": f"N {WORD}",
        "cat": "Kitty",
    }
    (item,) = of_type(lines, "item")
    assert (item["kind"], item["id"], item["title"]) == ("product", "p1", "Tea")
    assert len(of_type(lines, "board")[0]["pins"]) == 3
    recalled = [entry for entry in entries if "recalled" in entry]
    assert len(recalled) == 2
    assert not [entry for entry in recalled if "body" in entry]
    assert "secret 3" not in json.dumps(lines), "what was recalled"
    (card,) = [entry for entry in entries if "card" in entry.get("body", {})]
    assert card["body"]["card"]["title"] == "Tea"


def test_a_person_has_everything_of_theirs(store: Store) -> None:
    fill(store)
    lines = user_of(store, "zoe")
    assert user_of(store, f"sub {WORD}") == lines, "by sub as by id"
    kinds = Counter(line["type"] for line in lines)
    assert kinds == {
        **dict.fromkeys(("export", "profile", "handle", "device", "blocked", "draft", "read", "join_request"), 1),
        "contact_request": 1,
        "invite": 1,
        "feature": 1,
        "following": 4,
        "follower": 4,
        "reaction": 4,
        "message": 12,
        "membership": 5,
        "log": kinds["log"],
    }
    assert kinds["log"] == store.rows("SELECT count(*) FROM mine WHERE user_id = 'zoe'")[0][0]
    with_word = {line["type"] for line in lines if WORD in json.dumps(line)}
    assert with_word == {
        *("profile", "handle", "device", "draft", "join_request", "contact_request", "invite", "feature", "message"),
        *("membership", "log"),
    }
    past = [line for line in of_type(lines, "membership") if "until" in line]
    assert [(line["group"], "title" in line, line["why"]) for line in past] == [("pub", False, "left")]


def test_a_person_has_nothing_that_others_wrote_nor_any_secret(store: Store) -> None:
    fill(store)
    for user in ("ann", "ben", "cat", "dan", "zoe"):
        text = json.dumps(user_of(store, user), ensure_ascii=False)
        assert ("secret two" if user == "cat" else "secret reply") not in text
        assert "password" not in text
        if user != "zoe":
            assert f"message 0 {WORD}" not in text
    assert f"since {WORD}" not in json.dumps(user_of(store, "dan")), "why they were put out, in another's words"
    assert "s1" not in [value for line in user_of(store, "zoe") for value in line.values()], "the hash of an invite"
    assert "zoe" not in [line["user"] for line in of_type(user_of(store, "dan"), "blocked")]
    text = json.dumps(user_of(store, "dan"))
    assert '"follower", "user": "zoe"' in text, "a block cannot be noticed by the blocked"
    assert "dan" not in [line["user"] for line in of_type(user_of(store, "zoe"), "follower")], "they do not see them"


def test_an_erased_person_is_in_no_export(store: Store) -> None:
    fill(store)
    Steps(store, "zoe").all()
    for group in ("tea", "pub", "zoo", "dz", "door"):
        assert WORD not in json.dumps(group_of(store, group)), group
    for user in ("ann", "ben", "cat", "dan", "eve", "zoe"):
        assert WORD not in json.dumps(user_of(store, user)), user


def test_pages_of_any_size_give_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store)
    whole = group_of(store, "tea"), user_of(store, "zoe")
    for size in (1, 3, 7):
        monkeypatch.setattr(stored, "PAGE_ROWS", size)
        assert (group_of(store, "tea"), user_of(store, "zoe")) == whole


def test_what_is_committed_meanwhile_is_not_in_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "PAGE_ROWS", 2)
    fill(store)
    whole = group_of(store, "tea")
    with snapshot(store.url) as database:
        lines = GroupExport(database, "tea", store.now_ms).lines()
        begun = [next(lines)]
        store.done(send("ann", "tea", "later"), leave("dan", "tea"))
        assert begun + list(lines) == whole
    assert len(group_of(store, "tea")) == len(whole) + 2


def test_nothing_can_be_written_through_it_and_what_is_not_there_is_missed(store: Store) -> None:
    fill(store)
    with snapshot(store.url) as database:
        with pytest.raises(Missing):
            GroupExport(database, "nowhere", 0)
        with pytest.raises(Missing):
            UserExport(database, "nobody", 0)
    before = store.everything()
    user_of(store, "zoe")
    group_of(store, "tea")
    assert store.everything() == before


def test_what_went_by_age_is_in_no_export_of_the_group_which_says_where_it_begins(store: Store) -> None:
    fill(store)
    head = store.rows("SELECT head FROM groups WHERE group_id = 'tea'")[0][0]
    store.done(CutLog("tea", 0, head - 5, True))
    lines = group_of(store, "tea")
    board = next(line for line in lines if line["type"] == "board")
    shown = [line["entry"]["pos"] for line in of_type(lines, "entry")]
    kept = sorted({*board["pins"], *board["featured"]})
    assert shown == [pos for pos in kept if pos <= head - 5] + list(range(head - 4, head + 1))
    assert next(line for line in lines if line["type"] == "group")["floor"] == head - 5
    assert kept[0] < head - 5
