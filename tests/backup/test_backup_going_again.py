"""What was recalled, erased or dissolved since the backup does not come back with it: the ledger knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatd.backup.keeping import keep_ledger
from chatd.backup.trouble import Trouble
from chatd.core.erasure import BeginErasure
from chatd.core.profiles import UpdateProfile
from chatd.service.erasure import erase_offline
from chatd.store.database import path_of
from chatd.store.migrate import life
from tests.backup.kit import RESTORED_MS, Desk, ask, problems_of, rows_of, texts_of
from tests.store.kit import (
    DIGEST,
    START_MS,
    Store,
    add,
    dissolve,
    edit,
    leave,
    new_cid,
    recall,
    send_card,
    set_role,
)
from tests.store.town import build_town

pytestmark = pytest.mark.relaxed_durability


def shut(store: Store) -> None:
    """Nobody has the database open any more."""
    store.database.close()
    store._eyes.close()


def again(url: str) -> list[tuple[object, ...]]:
    """What went again, as the log says."""
    return ask(url, "SELECT group_id, target, actor FROM entries WHERE kind = 'recall' AND body <> '{}' ORDER BY 1, 2")


# -- what has gone since stays gone


@pytest.fixture
def old(store: Store, desk: Desk) -> Store:
    """ "tea" of ann, ben and cat with a message of each, backed up."""
    store.people("ann", "ben", "cat")
    store.found("tea", "ann", "ben", "cat", history="all")
    for user in ("ann", "ben", "cat"):
        store.say(user, "tea", f"said by {user}")
    desk.back_up(store.url)
    store.now_ms += 10_000
    return store


@pytest.mark.promise("P9", "restore")
def test_what_was_recalled_since_does_not_come_back(old: Store, elsewhere: str, desk: Desk) -> None:
    old.done(recall("ben", "tea", 4))
    old.done(set_role("ann", "tea", "cat", "admin"))
    done = desk.bring_back(elsewhere, also=[old.url])
    assert done.ready.again == {"recall": 1}
    assert done.old_ledger is True
    assert "said by ben" not in texts_of(elsewhere)
    assert "said by ann" in texts_of(elsewhere)
    assert again(elsewhere) == [("tea", 4, "ben")]
    assert problems_of(elsewhere) == []


def test_by_whom_is_kept_whatever_they_were_at_the_time_of_the_backup(old: Store, other: str, desk: Desk) -> None:
    """Made an admin since, or come since: then the tombstone names the author, whom everybody knows."""
    old.done(set_role("ann", "tea", "cat", "admin"))
    old.done(recall("cat", "tea", 4))
    old.people("dan")
    old.make_mutual("ann", "dan")
    old.done(add("ann", "tea", "dan"))
    old.done(set_role("ann", "tea", "dan", "admin"), set_role("ann", "tea", "cat", "member"))
    old.done(recall("dan", "tea", 5))
    desk.bring_back(other, also=[old.url])
    assert again(other) == [("tea", 4, "cat"), ("tea", 5, "cat")]
    assert problems_of(other) == []


def test_a_card_a_pin_and_a_mention_go_with_the_message(store: Store, other: str, desk: Desk) -> None:
    from chatd.core.pins import Pin
    from tests.store.kit import DIGEST, new_cid, put_product

    store.people("ann", "ben")
    store.found("tea", "ann", "ben")
    store.done(put_product("pot"))
    (card,) = store.done(send_card("ann", "tea", "product", "pot"))
    store.done(Pin("ann", new_cid(), DIGEST, "tea", card["pos"], None))
    desk.back_up(store.url)
    store.done(recall("ann", "tea", card["pos"]))
    desk.bring_back(other, also=[store.url])
    assert ask(other, "SELECT count(*) FROM card_places") == [(0,)]
    assert ask(other, "SELECT pins FROM boards WHERE group_id = 'tea'") == [("[]",)]
    assert problems_of(other) == []


def test_a_group_that_is_gone_since_does_not_come_back(old: Store, other: str, desk: Desk) -> None:
    old.done(recall("ben", "tea", 4))
    old.done(dissolve("ann", "tea"))
    for user in ("ben", "cat", "ann"):
        old.done(leave(user, "tea"))
    done = desk.bring_back(other, also=[old.url])
    assert done.ready.again == {"recall": 1, "gone": 1}
    assert ask(other, "SELECT count(*) FROM entries WHERE group_id = 'tea'") == [(0,)]
    assert ask(other, "SELECT title, member_count FROM groups WHERE group_id = 'tea'") == [("", 0)]
    assert problems_of(other) == []


@pytest.mark.promise("P9", "erase")
def test_who_was_erased_since_does_not_come_back(old: Store, other: str, desk: Desk) -> None:
    old.done(recall("ann", "tea", 3))
    assert erase_offline(old.engine, old.database, "ben")
    done = desk.bring_back(other, also=[old.url])
    assert done.ready.again == {"recall": 1, "erase": 1}
    assert texts_of(other).count("said by") == texts_of(other).count("said by cat") == 1
    assert ask(other, "SELECT name, sub FROM users WHERE user_id = 'ben'") == [("", "erased:ben")]
    assert ask(other, "SELECT count(*) FROM entries WHERE kind = 'erased'") == [(1,)]
    assert problems_of(other) == []
    path = path_of(other)
    assert path is None or b"said by ben" not in path.read_bytes()


def test_an_erasure_that_was_under_way_in_the_backup_is_carried_to_its_end(
    store: Store, other: str, desk: Desk
) -> None:
    store.people("ann", "ben")
    store.found("tea", "ann", "ben")
    store.say("ben", "tea", "said by ben")
    store.done(BeginErasure("ben", "a digest", None, []))
    desk.back_up(store.url)
    done = desk.bring_back(other)
    assert done.ready.again == {"erase": 1}
    assert "said by ben" not in texts_of(other)


@pytest.mark.promise("P9", "restore")
def test_an_erased_person_does_not_come_back(store: Store, elsewhere: str, desk: Desk) -> None:
    build_town(store)
    life(store.database)
    store.done(UpdateProfile("ben", new_cid(), DIGEST, "Benjamin the potter", None, None, None))
    desk.back_up(store.url)
    assert erase_offline(store.engine, store.database, "ben")
    done = desk.bring_back(elsewhere, also=[store.url])
    assert done.ready.again == {"erase": 1}
    everything = str(rows_of(elsewhere))
    for word in ("secret two", "Benjamin the potter", "sub of ben"):
        assert word not in everything
    assert "secret 1" in everything
    assert ask(elsewhere, "SELECT name, erased_at FROM users WHERE user_id = 'ben'") == [("", RESTORED_MS)]
    assert ask(elsewhere, "SELECT count(*) FROM follows WHERE user_id = 'ben' OR target_id = 'ben'") == [(0,)]
    assert problems_of(elsewhere) == []


def test_a_message_that_took_the_place_of_a_recalled_one_is_left_alone(store: Store, desk: Desk) -> None:
    """Positions are given anew in a new life: what is recalled is named by when it was made as well."""
    store.people("ann")
    store.found("tea", "ann")
    desk.back_up(store.url, desk.folder / "first.backup")
    file = desk.folder / "ledger.ndjson"
    recalled = store.say("ann", "tea", "of the first life")
    store.done(recall("ann", "tea", recalled))
    keep_ledger(store.database, file)
    shut(store)
    desk.bring_back(store.url, desk.folder / "first.backup", force=True)
    with Store(store.url) as second:
        second.now_ms = RESTORED_MS + 1
        assert second.say("ann", "tea", "of the second life") == recalled
        desk.back_up(store.url, desk.folder / "second.backup")
    done = desk.bring_back(store.url, desk.folder / "second.backup", ledger=file, force=True)
    assert done.ready.again == {}
    assert "of the second life" in texts_of(store.url)


def test_an_edit_is_undone_like_everything_else(old: Store, other: str, desk: Desk) -> None:
    old.done(edit("ann", "tea", 3, "said better"))
    desk.bring_back(other, also=[old.url])
    assert "said by ann" in texts_of(other)
    assert problems_of(other) == []


def test_the_file_of_the_ledger_is_enough(old: Store, other: str, desk: Desk) -> None:
    old.done(recall("ben", "tea", 4), recall("cat", "tea", 5))
    file = desk.folder / "ledger.ndjson"
    assert keep_ledger(old.database, file) == 2
    done = desk.bring_back(other, ledger=file)
    assert (done.ready.again, done.ready.learned) == ({"recall": 2}, 2)
    assert texts_of(other).count("said by") == 1
    assert ask(other, "SELECT n, kind, pos FROM ledger ORDER BY n") == ask(
        old.url, "SELECT n, kind, pos FROM ledger ORDER BY n"
    )


def test_a_second_restore_of_the_same_backup_loses_nothing_of_the_first(old: Store, desk: Desk) -> None:
    """The ledger of the life between goes into the next one, with what only older lives knew."""
    old.done(recall("ben", "tea", 4))
    shut(old)
    desk.bring_back(old.url, force=True)
    with Store(old.url) as between:
        between.now_ms = START_MS + 60_000
        between.done(recall("cat", "tea", 5))
    done = desk.bring_back(old.url, force=True)
    assert done.ready.again == {"recall": 2}
    assert texts_of(old.url).count("said by") == 1


def test_many_are_taken_in_portions(store: Store, other: str, desk: Desk) -> None:
    store.people("ann")
    store.found("tea", "ann")
    places = [store.say("ann", "tea", f"secret {n}") for n in range(450)]
    desk.back_up(store.url)
    store.done(*(recall("ann", "tea", pos) for pos in places))
    assert desk.bring_back(other, also=[store.url]).ready.again == {"recall": 450}
    assert "secret" not in str(rows_of(other))
    assert problems_of(other) == []


def test_what_went_again_is_nowhere_in_the_file(sqlite_tables: str, desk: Desk) -> None:
    with Store(sqlite_tables) as store:
        store.people("ann")
        store.found("tea", "ann")
        places = [store.say("ann", "tea", "a secret word") for _ in range(50)]
        desk.back_up(sqlite_tables)
        store.done(*(recall("ann", "tea", pos) for pos in places))
    other = desk.folder / "another.db"
    desk.bring_back(f"sqlite:///{other}", also=[sqlite_tables])
    assert b"a secret word" in desk.file.read_bytes()
    assert b"a secret word" not in other.read_bytes()


def test_what_cannot_go_again_is_not_passed_over_in_silence(old: Store, other: str, desk: Desk) -> None:
    old.database.run(
        "INSERT INTO ledger (at, kind, group_id, pos, user_id, made_at) VALUES (1, 'later', 'tea', 4, '', 1)"
    )
    with pytest.raises(Trouble) as caught:
        desk.bring_back(other, also=[old.url])
    assert (caught.value.code, caught.value.values["kind"]) == ("stuck", "later")


# -- the ledger that is asked for


def test_a_ledger_with_a_line_that_is_none_stops_it(old: Store, desk: Desk) -> None:
    file = desk.folder / "ledger.ndjson"
    old.done(recall("ben", "tea", 4), recall("cat", "tea", 5))
    keep_ledger(old.database, file)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0] + "{}\n" + lines[1])
    other = desk.folder / "other.db"
    with pytest.raises(Trouble) as caught:
        desk.bring_back(f"sqlite:///{other}", ledger=file)
    assert (caught.value.code, caught.value.values["line"]) == ("ledger", 2)
    assert not other.exists()


def test_a_ledger_whose_last_line_was_cut_short_is_taken_up_to_there(old: Store, other: str, desk: Desk) -> None:
    file = desk.folder / "ledger.ndjson"
    old.done(recall("ben", "tea", 4), recall("cat", "tea", 5))
    keep_ledger(old.database, file)
    file.write_bytes(file.read_bytes()[:-9])
    ready = desk.bring_back(other, ledger=file).ready
    assert (ready.again, ready.reaches) == ({"recall": 1}, False)


def test_a_ledger_that_was_not_kept_up_to_date_is_noticed(old: Store, other: str, desk: Desk) -> None:
    """It lacks what even the backup knows."""
    file, later = desk.folder / "ledger.ndjson", desk.folder / "later.backup"
    old.done(recall("ben", "tea", 4))
    keep_ledger(old.database, file)
    old.done(recall("cat", "tea", 5))
    desk.back_up(old.url, later)
    assert desk.bring_back(other, later, ledger=file, dry_run=True).ready.reaches is False
    keep_ledger(old.database, file)
    ready = desk.bring_back(other, later, ledger=file).ready
    assert (ready.reaches, ready.ends_at) == (None, old.rows("SELECT max(at) FROM ledger")[0][0])


def test_a_ledger_that_is_older_than_the_database_beside_it_is_noticed(old: Store, other: str, desk: Desk) -> None:
    """The backup knows of nothing that went; the database does, and the file was cut off at the end of a line."""
    file = desk.folder / "ledger.ndjson"
    old.done(recall("ben", "tea", 4), recall("cat", "tea", 5))
    keep_ledger(old.database, file)
    whole = file.read_bytes()
    assert desk.bring_back(other, ledger=file, also=[old.url], dry_run=True).ready.reaches is True
    assert desk.bring_back(other, ledger=file, dry_run=True).ready.reaches is None
    file.write_bytes(whole.splitlines(keepends=True)[0])
    assert desk.bring_back(other, ledger=file, also=[old.url], dry_run=True).ready.reaches is False
    file.write_bytes(b"")
    ready = desk.bring_back(other, ledger=file, also=[old.url]).ready
    assert (ready.reaches, ready.ends_at, ready.again) == (False, None, {"recall": 2})


def test_the_ledger_of_a_database_that_cannot_be_read_is_said_to_be_missing(sqlite_tables: str, desk: Desk) -> None:
    with Store(sqlite_tables) as store:
        build_town(store)
        desk.back_up(sqlite_tables)
    path = path_of(sqlite_tables)
    assert path is not None
    path.with_name("chatd.db-wal").unlink(missing_ok=True)
    path.write_bytes(b"SQLite format 3\x00" + b"rubbish" * 10_000)
    done = desk.bring_back(sqlite_tables, force=True)
    assert done.old_ledger is False
    assert done.kept is not None
    assert Path(done.kept).read_bytes().endswith(b"rubbish")
    assert problems_of(sqlite_tables) == []
