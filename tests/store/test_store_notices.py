"""Notices in the store: a log with them replays to what the rows say."""

from __future__ import annotations

from chatd.core.messages import Send
from tests.store.kit import DIGEST, Store, new_cid, recall, send
from tests.store.test_store_invites import problems


def notice(user: str, cid: str) -> Send:
    return Send(user, cid, DIGEST, "g", "notice", {"text": "closed"}, None, None)


def test_a_notice_takes_no_number_and_verifies_and_a_number_does_not(tables_url: str) -> None:
    with Store(tables_url) as store:
        ann, ben = store.people("ann", "ben")
        store.found("g", ann, ben)
        cid = new_cid()
        answers = store.done(send(ben, "g"), notice(ann, cid), send(ann, "g", after=cid), notice(ann, new_cid()))
        assert [answer.get("seq") for answer in answers] == [1, None, 2, None]
        store.done(send(ann, "g", after=cid), recall(ann, "g", answers[1]["pos"]))
        assert problems(store) == []
        store.database.begin()
        store.database.run("UPDATE entries SET seq = 99 WHERE pos = ?", (answers[3]["pos"],))
        store.database.commit()
        assert any("has a message number exactly if" in problem for problem in problems(store))
