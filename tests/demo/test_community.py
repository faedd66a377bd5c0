"""The community is made by the rules, whole or not at all."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from chatd.cli.language import Lang
from chatd.core.invites import RedeemInvite
from chatd.core.limits import Bounds
from chatd.core.pulls import AddMembers
from chatd.demo import seed
from chatd.demo.community import BOTS, CATALOGUE, DIRECTS, FANS, FRIENDS, GROUPS, INVITE, PEOPLE, STRANGER, TALKERS
from chatd.demo.guide import GUIDES
from chatd.demo.seed import ids_of, make_community, url_of
from chatd.store import lock
from chatd.store.database import connect
from chatd.store.engine import Engine
from chatd.store.outcome import Proposed
from chatd.store.verify import verify
from chatd_protocol.runs import line_of, parts_asked
from tests.demo.house import ROOT

NOW = datetime(2026, 3, 10, 21, 0, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "chatd.db"


@pytest.fixture
def made(path: Path) -> Path:
    assert make_community(path, NOW)
    return path


def test_the_database_is_whole_and_has_everything(made: Path) -> None:
    database = connect(url_of(made))
    report = verify(database)
    kinds: dict[str, int] = dict(database.run("SELECT kind, count(*) FROM entries GROUP BY kind")[0])
    recalled = database.run("SELECT count(*) FROM entries WHERE recalled")[0][0][0]
    database.close()
    assert report.problems == []
    assert report.counts["users"] == len(PEOPLE) + len(BOTS)
    assert report.counts["groups"] == len(GROUPS) + len(DIRECTS)
    assert kinds["message"] > 300
    assert kinds["reaction"] > 100
    assert kinds["edit"] >= 1
    assert kinds["recall"] == recalled >= 1


def test_nothing_lies_in_the_future_and_it_is_spread_over_days(made: Path) -> None:
    database = connect(url_of(made))
    [(first, last)] = database.run("SELECT min(at), max(at) FROM entries")[0]
    database.close()
    now_ms = int(NOW.timestamp() * 1000)
    assert now_ms - 3_600_000 < last < now_ms
    assert first < now_ms - 5 * 86_400_000


def test_what_the_guide_tells_to_try_comes_out_as_told(made: Path) -> None:
    """Kai pulls in Nora: refused; Lena: refused before he follows her, who follows him already."""
    ids = ids_of(made)
    database = connect(url_of(made))
    engine = Engine(database, Bounds(), lambda: int(NOW.timestamp() * 1000), "test")
    users = [ids.user(sub) for sub in ("nora", "lena")]
    [outcome] = engine.settle([Proposed(1, AddMembers(ids.user("kai"), "c", b"", ids.group("fans"), users))])
    database.close()
    answer = outcome.verdicts[0].answer
    assert answer is not None
    assert [one["result"] for one in answer["results"]] == ["not_mutual", "not_mutual"]
    assert {"kai nora", "lena kai"} <= set(FANS)
    assert not {"nora kai", "kai lena"} & {*FANS, *FRIENDS, *(" ".join(pair.split()[::-1]) for pair in FRIENDS)}


@pytest.mark.parametrize(("lang", "command", "word"), [("en", "/product", "bowl"), ("zh", "/发商品", "碗")])
def test_the_product_that_the_guide_names_is_the_only_one_of_its_name(lang: Lang, command: str, word: str) -> None:
    assert f"{command} {word} " in GUIDES[lang]
    assert f"`{command} {word}`" in (ROOT / "docs" / lang / "start.md").read_text(encoding="utf-8")
    lines = [line_of(item["title"]) for (kind, _), item in CATALOGUE.items() if kind == "product"]
    assert len([line for line in lines if all(part in line for part in parts_asked(word))]) == 1


def test_the_share_text_leads_in_whom_the_gate_keeps_out(made: Path) -> None:
    ids, (maker, scene) = ids_of(made), INVITE
    database = connect(url_of(made))
    engine = Engine(database, Bounds(), lambda: int(NOW.timestamp() * 1000), "test")
    stranger, group, secret = ids.user(STRANGER), ids.group(scene), ids.code_hash(maker, scene)
    pull = AddMembers(ids.user(maker), "c", b"", group, [stranger])
    redeem = RedeemInvite(stranger, "d", b"", secret, None, "")
    [outcome] = engine.settle([Proposed(1, pull), Proposed(2, redeem)])
    inside = database.run("SELECT via FROM memberships WHERE group_id = ? AND user_id = ?", (group, stranger))[0]
    database.close()
    refused, came = (verdict.answer for verdict in outcome.verdicts)
    assert refused is not None
    assert refused["results"] == [{"user": stranger, "result": "not_mutual"}]
    assert came is not None
    assert [json.loads(via)["inviter"] for (via,) in inside] == [ids.user(maker)]
    assert not [pair for pair in (*FRIENDS, *FANS) if STRANGER in pair.split()]


def test_the_talkers_are_in_the_group_that_they_are_sent_to(made: Path) -> None:
    ids = ids_of(made)
    database = connect(url_of(made))
    rows, _ = database.run("SELECT user_id FROM memberships WHERE group_id = ?", (ids.group("fans"),))
    database.close()
    assert {ids.user(sub) for sub in TALKERS} <= {user for (user,) in rows}


def test_a_community_that_is_there_is_left_alone(made: Path) -> None:
    before = made.read_bytes()
    assert not make_community(made, NOW + timedelta(days=1))
    assert made.read_bytes() == before


def test_what_an_older_version_made_is_known_by_what_it_lacks(made: Path) -> None:
    assert seed.is_current(made)
    database = connect(url_of(made))
    database.begin()
    database.run("UPDATE users SET sub = 'somebody' WHERE sub = ?", (f"bot:{next(iter(BOTS))}",))
    database.commit()
    database.close()
    assert not seed.is_current(made)


def test_what_somebody_who_was_killed_left_behind_is_swept_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die_half_way(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(seed._Past, "remember_reads", die_half_way)
        with pytest.raises(KeyboardInterrupt):
            make_community(path, NOW)
    assert not path.exists()
    assert list(path.parent.glob("*.draft*"))
    assert make_community(path, NOW)
    assert not list(path.parent.glob("*.draft*"))


def test_two_at_once_do_not_make_two(path: Path) -> None:
    held = lock.take(path)
    try:
        with pytest.raises(lock.Held):
            make_community(path, NOW)
    finally:
        lock.release(held)


def test_two_communities_share_no_id(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    make_community(other, NOW)
    assert ids_of(made).user("kai") != ids_of(other).user("kai")
    assert ids_of(made).group("fans") == ids_of(made).group("fans")
