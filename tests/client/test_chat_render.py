"""Lines of a terminal: inside their columns, straight under each other, and harmless."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from chatd.cli.chat_names import users_in
from chatd.cli.chat_render import NAME_CELLS, TEXT_START, Renderer, cut, fill, plain, printable, wrap
from chatd.cli.chat_words import Words
from chatd_protocol import kinds, log
from chatd_protocol.groups import GroupLine
from tests.client.peer import USER, line

BOB = "uBobBobBobBobBobBob"
EVE = "uEveEveEveEveEveEve"
NAMES = {USER: "Alice", BOB: "一个名字很长的人", EVE: "Eve"}
CID = "0" * 21 + "A"
TEXTS = st.text(st.sampled_from("abc 你好，世界👍é\n\t\u200b\x1b\x9b\u202e"), max_size=200)


def render(lang: Any = "en") -> Renderer:
    return Renderer(Words(lang), lambda: USER, lambda user: NAMES.get(user, user), UTC)


def shown(entry: log.Entry | log.UnknownEntry, columns: int = 80, lang: Any = "en") -> list[str]:
    return [plain(one) for one in render(lang).entry(entry, columns)]


def text(said: str, **more: Any) -> log.Message:
    return log.Message(43, at=0, seq=1, sender=BOB, cid=CID, type="text", body=kinds.TextContent(said), **more)


def test_a_message() -> None:
    assert shown(text("你好")) == ["   43 00:00 一个名字很…  你好"]
    own = log.Message(7, at=60_000, seq=1, sender=USER, cid=CID, type="text", body=kinds.TextContent("hi"), version=2)
    assert shown(own) == ["    7 00:01 you          hi (edited)"]
    assert shown(own, lang="zh") == ["    7 00:01 我           hi（已编辑）"]


@pytest.mark.parametrize(
    ("lang", "status", "state"),
    [
        ("en", "on_sale", "CNY 35.00 · on sale"),
        ("zh", "on_sale", "¥35.00 · 在售"),
        ("zh", "sold_out", "¥35.00 · 已售罄"),
        ("zh", "off_shelf", "¥35.00 · 已下架"),
    ],
)
def test_a_card_of_a_product_says_how_it_stands_also_line_by_line(lang: Any, status: Any, state: str) -> None:
    card = kinds.ProductCard("tea", status, rev=1, title="Tea", price=3500, currency="CNY")
    message = log.Message(7, 0, BOB, CID, "product_card", 1, kinds.TextContent(card=card))
    assert shown(message, lang=lang)[-1].endswith(f"▌ {state}")


def test_what_hangs_on_a_message() -> None:
    quote = log.Quote(41, USER, "text", "before")
    reply = text("yes", reply_to=41, quote=quote, reactions=[log.Reaction("👍", 2), log.Reaction("❤", 1)])
    indent = " " * TEXT_START
    assert shown(reply) == [
        f"{indent}┆ 41 you: before",
        "   43 00:00 一个名字很…  yes",
        f"{indent}👍 2  ❤ 1",
    ]
    assert shown(reply, lang="zh")[0] == f"{indent}┆ 41 我：before"
    gone = msgspec.structs.replace(quote, text="", recalled=True)
    assert shown(text("yes", reply_to=41, quote=gone))[0] == f"{indent}┆ 41: recalled"


def test_a_tombstone_says_who_and_shows_nothing_else() -> None:
    dead = log.Message(
        43,
        at=0,
        seq=1,
        sender=BOB,
        cid=CID,
        type="text",
        quote=log.Quote(1, EVE, "text", "q"),
        recalled=log.Recall(EVE, 1),
    )
    assert shown(dead) == ["   43 00:00 一个名字很…  — recalled by Eve —"]


def test_everything_else_that_happens() -> None:
    entries: list[log.Entry] = [
        log.Created(1, at=0, by=USER, group_kind="private", members=[USER], title="T"),
        log.MembersChanged(2, at=0, count=2, joined=[log.Joined(EVE, USER)], left=[log.Left(EVE), log.Left(EVE, USER)]),
        log.RoleChanged(3, at=0, by=USER, user=EVE, role="admin"),
        log.SettingsChanged(4, at=0, by=USER, title="New", limit=5),
        log.Edited(5, at=0, by=EVE, cid=CID, target=3, version=1, body=kinds.TextContent("b")),
        log.Edited(6, at=0, by=EVE, cid=CID, target=3, version=1),
        log.Recalled(7, at=0, by=EVE, cid=CID, target=3),
        log.Reacted(8, at=0, by=EVE, cid=CID, target=3, emoji="👍", on=True),
        log.Reacted(9, at=0, by=EVE, cid=CID, target=3, emoji="👍", on=False),
    ]
    assert [one.strip().removeprefix("00:00 · ") for entry in entries for one in shown(entry)] == [
        "you made the group",
        "Eve came in, pulled in by you",
        "Eve left",
        "you put Eve out",
        "you made Eve admin",
        "you changed: name “New”, room for 5",
        "Eve edited 3: b",
        "Eve edited 3, which was recalled since",
        "Eve recalled 3",
        "Eve reacted to 3 with 👍",
        "Eve took 👍 back from 3",
    ]
    assert shown(log.Hidden(1, at=0, to=2)) == shown(log.UnknownEntry(1, "weather")) == []
    assert set().union(*map(users_in, entries)) == {USER, EVE}


@given(TEXTS, st.integers(40, 120))
def test_no_line_is_wider_than_the_terminal(said: str, columns: int) -> None:
    quote = log.Quote(41, BOB, "text", said)
    message = text(said or "x", reply_to=41, quote=quote, reactions=[log.Reaction("👍", 2)] * 30)
    change = log.Edited(5, at=0, by=BOB, cid=CID, target=3, version=1, body=kinds.TextContent(said))
    for one in (*shown(message, columns), *shown(change, columns)):
        assert get_cwidth(one) <= columns


@given(TEXTS)
def test_nothing_reaches_the_terminal_that_it_would_obey(said: str) -> None:
    whole = "".join(shown(text(said or "x")))
    assert not set(whole) & set("\x1b\x9b\u202e\x07\x08")


@given(st.text(st.sampled_from("ab 你好"), max_size=60), st.integers(2, 20))
def test_wrapping_loses_nothing_but_spaces(said: str, cells: int) -> None:
    lines = wrap(said, cells)
    assert "".join(lines).replace(" ", "") == said.replace(" ", "")
    assert all(get_cwidth(one) <= cells for one in lines)


@given(st.text(st.sampled_from("ab 你好"), max_size=30), st.integers(1, 20))
def test_filled_columns_have_their_width(said: str, cells: int) -> None:
    assert get_cwidth(fill(said, cells)) == cells
    assert get_cwidth(cut(said, cells)) <= cells


def test_columns_stand_under_each_other_whatever_the_script() -> None:
    names = ("Al", "小红", "Владимир Ильич", "一个名字很长的人啊啊")
    heads = []
    for name in names:
        shower = Renderer(Words("en"), str, {BOB: name}.__getitem__, UTC)
        first = plain(shower.entry(text("|"), 80)[0])
        heads.append(get_cwidth(first[: first.index("|")]))
    assert heads == [TEXT_START] * len(names)
    assert NAME_CELLS == 12


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_list_of_groups_is_straight(lang: Any) -> None:
    last = msgspec.to_builtins(text("再见"))
    shower = render(lang)
    lines = [
        msgspec.convert(line(title="Friends", unread=3, last=last), GroupLine),
        msgspec.convert(line(title="石榴哥粉丝群石榴哥粉丝群石榴哥粉丝群", unread=12345, last=last), GroupLine),
        msgspec.convert(line(kind="direct", peer=EVE, last=last), GroupLine),
    ]
    rows = [plain(shower.group_line(n, one, n == 1, 80)) for n, one in enumerate(lines, 1)]
    assert rows[0].startswith("*  1  Friends")
    assert rows[2].startswith("   3  Eve")
    assert len({get_cwidth(row[: row.index("一个名字")]) for row in rows}) == 1
    assert all(get_cwidth(row) <= 80 for row in rows)


def test_printable() -> None:
    assert printable("a\tb\r\nc\x9b1m") == "a    b c\ufffd1m"
    assert printable("a\nb\u2066c", keep_lines=True) == "a\nb\ufffdc"


def test_in_chinese_a_name_stands_apart_and_a_word_of_ours_does_not() -> None:
    entries: list[log.Entry] = [
        log.Created(1, at=0, by=USER, group_kind="private", members=[USER], title="T"),
        log.MembersChanged(2, at=0, count=3, joined=[log.Joined(EVE, USER), log.Joined(USER, EVE)], left=[]),
        log.MembersChanged(
            3, at=0, count=3, joined=[log.Joined(EVE, None, how="operator")], left=[log.Left(USER, EVE)]
        ),
        log.MembersChanged(4, at=0, count=3, joined=[], left=[log.Left("uGone", why="erased")]),
        log.RoleChanged(5, at=0, by="uGone", user=USER, role="admin"),
        log.SettingsChanged(6, at=0, by=USER, title="新名", history="last:20", entry="approval"),
        log.Pinned(7, at=0, by=USER, cid=CID, target=4),
        log.OwnerChanged(8, at=0, user=USER, before=EVE, role="admin", by=EVE),
    ]
    names = NAMES | {"uGone": ""}
    shower = Renderer(Words("zh"), lambda: USER, names.__getitem__, UTC)
    told = [notice for entry in entries for notice in shower.notices(entry)]
    assert told == [
        "我建了这个群",
        "我把 Eve 拉进了群",
        "Eve 把我拉进了群",
        "运营方把 Eve 加进了群",
        "Eve 把我移出了群",
        "已注销的用户把我设为管理员",
        "我修改了：群名“新名”、新人可见历史：最近 20 条、进群方式：需管理员同意",
        "我置顶了 4",
        "Eve 把群转让给了我",
    ]
    braces = Words("zh")("joined", by="我", name="{by}")
    assert braces == "我把 {by} 拉进了群"


def test_after_a_full_width_bracket_no_space_is_left_before_a_dot() -> None:
    words = Words("zh")
    assert words.beside(["¥108.00（分享时 ¥128.00）", "在售"]) == "¥108.00（分享时 ¥128.00）· 在售"
    assert words.beside(["¥108.00", "", "在售"]) == "¥108.00 · 在售"
    assert words.listed(["甲", "乙"]) == "甲、乙"
