"""What went by age does not come back with an older backup, and what is said afterwards is left alone."""

from __future__ import annotations

import pytest

from chatd.backup.keeping import keep_ledger
from chatd.core.retention import CutLog
from chatd.store.migrate import life
from tests.backup.kit import RESTORED_MS, Desk, ask, problems_of
from tests.backup.test_backup_going_again import shut
from tests.store.kit import Store
from tests.store.town import build_town

pytestmark = pytest.mark.relaxed_durability


@pytest.mark.promise("P9", "retention.restore")
def test_what_went_by_age_since_does_not_come_back(store: Store, elsewhere: str, desk: Desk) -> None:
    build_town(store)
    life(store.database)
    desk.back_up(store.url)
    store.done(CutLog("tea", 0, 4, True))
    store.done(CutLog("tea", 4, 9, True), CutLog("old", 0, 3, True))
    store.now_ms = RESTORED_MS + 5
    newest = store.say("ann", "old", "since the backup")
    store.done(CutLog("old", 3, newest, True))
    done = desk.bring_back(elsewhere, also=[store.url])
    assert done.ready.again == {"floor": 2}
    floors: dict[str, int] = dict(ask(elsewhere, "SELECT group_id, floor FROM groups WHERE floor > 0"))
    assert floors == {"tea": 9, "old": newest - 1}, "all that the backup has of it"
    left = ask(elsewhere, "SELECT pos FROM entries WHERE group_id IN ('tea', 'old') AND kind = 'message'")
    assert left == [(13,)]
    assert problems_of(elsewhere) == []


@pytest.mark.promise("P9", "retention.restore")
def test_what_is_said_in_the_new_life_is_not_cut_by_what_went_in_the_old(store: Store, desk: Desk) -> None:
    """Positions are given anew in a new life: what went is named by when it was made as well."""
    store.people("ann")
    store.found("tea", "ann")
    first = store.say("ann", "tea", "of both lives")
    desk.back_up(store.url, desk.folder / "first.backup")
    file = desk.folder / "ledger.ndjson"
    second = store.say("ann", "tea", "of the first life")
    store.done(CutLog("tea", 0, second, True))
    keep_ledger(store.database, file)
    shut(store)
    desk.bring_back(store.url, desk.folder / "first.backup", force=True)
    with Store(store.url) as later:
        later.now_ms = RESTORED_MS + 1
        assert later.say("ann", "tea", "of the second life") == second
        desk.back_up(store.url, desk.folder / "second.backup")
    done = desk.bring_back(store.url, desk.folder / "second.backup", ledger=file, force=True)
    assert "floor" not in done.ready.again
    assert ask(store.url, "SELECT pos FROM entries WHERE kind = 'message'") == [(second,)]
    assert ask(store.url, "SELECT floor FROM groups") == [(first,)]
    assert problems_of(store.url) == []
