"""Tables and records: for people at a terminal of any width and language, and as plain lines for programs."""

from __future__ import annotations

import importlib
import re
from typing import Final

import pytest

from chatd.cli import table as tables
from chatd.cli.language import cells
from chatd.cli.named import OPERATOR_SUB
from chatd.cli.table import pairs, record, table

GROUP: Final = "gUyui3GvdQEPtD2tdko4TwQ"
ROWS: Final = [
    {"group": GROUP, "title": "茶友会 Tea", "kind": "private", "members": 12, "at": 1795375592254},
    {"group": GROUP, "title": "a\tlong\x1b[31m title " * 4, "kind": "public", "members": 3456, "at": 1795375592254},
]
COLUMNS: Final = ("group", "title", "kind", "members", "at", "note")


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-05:30")
    import time

    time.tzset()


def seen(monkeypatch: pytest.MonkeyPatch, lang: str, width: int) -> None:
    monkeypatch.setattr(tables, "on_terminal", lambda: True)
    monkeypatch.setenv("LC_ALL", lang)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize(("lang", "head"), [("C.UTF-8", "members"), ("zh_CN.UTF-8", "人数")])
def test_a_table_has_headings_fits_and_stands_in_columns_whatever_the_script(
    lang: str, head: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen(monkeypatch, lang, width)
    lines = table(COLUMNS, ROWS).splitlines()
    assert max(map(cells, lines)) <= width
    end = cells(lines[0][: lines[0].index(head)] + head)
    for line, count in ((lines[1], "12"), (lines[2], "3,456")):
        assert cells(line[: line.index(count)] + count) == end, "counts end where their heading ends"
    assert "+05:30" in lines[0]
    assert "2026-11-23 00:56" in lines[1]
    assert not re.search(r"[\x00-\x09\x1b]", "".join(lines)), "nothing that a terminal would obey"
    assert "note" not in lines[0], "nobody has one"
    assert GROUP in lines[1]


def test_what_is_spare_goes_where_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"group": GROUP, "invite": GROUP, "user": GROUP, "name": "Ann of the tea house"}]
    columns = ("group", "invite", "user", "name")
    seen(monkeypatch, "C", 80)
    narrow = table(columns, rows, spare=("user",))
    seen(monkeypatch, "C", 120)
    wide = table(columns, rows, spare=("user",))
    assert (narrow.count(GROUP), wide.count(GROUP)) == (2, 3)


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("lang", ["C.UTF-8", "zh_CN.UTF-8"])
def test_who_and_whom_stay_whole_in_the_audit_log_and_nothing_of_the_rest_is_cut_off(
    lang: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen(monkeypatch, lang, width)
    audit = importlib.import_module("chatd.cli.audit")  # under its name in the package is the command
    for module in (audit, importlib.import_module("chatd.cli.listing")):
        monkeypatch.setattr(module, "on_terminal", lambda: True)
    subs = {"u1": "bot:price-helper", "u2": "wanglaoshi-2026", "u3": OPERATOR_SUB}
    first = {"at": 1795375592254, "by": "u1", "act": "member.unrestrict", "user": "u2", "group": GROUP}
    second = {"at": 1795375592254, "act": "broadcast.start", "user": "u3"}
    rows = [
        first | {"details": {"until": 1795375592254}, "reason": "刷屏太多次了"},
        second | {"details": {"kind": "notice"}},
    ]
    audit._say({"rows": rows, "subs": subs, "titles": {GROUP: "石榴哥粉丝群（三群）一起看直播"}}, first=True)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(cells, lines)) <= width
    assert re.search(r"bot:price-helper +member\.unrestrict +wanglaoshi-2026 ", lines[1])
    assert OPERATOR_SUB not in "".join(lines)
    column = lines[0].index("what" if lang == "C.UTF-8" else "内容")
    start = cells(lines[0][:column])
    told = "".join(_from_cell(line, start) for line in lines[1:])
    until, kind = ("until", "kindnotice") if lang == "C.UTF-8" else ("截止", "类型通知")
    title = "石榴哥粉丝群（三群）一起看直播"
    assert "".join(told.split()) == f"{title}·{until}2026-11-2300:56+05:30·刷屏太多次了{kind}"


def test_who_is_erased_takes_little_room_in_the_audit_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen(monkeypatch, "C.UTF-8", 80)
    audit = importlib.import_module("chatd.cli.audit")
    for module in (audit, importlib.import_module("chatd.cli.listing")):
        monkeypatch.setattr(module, "on_terminal", lambda: True)
    rows = [{"at": 1795375592254, "act": "user.erase", "user": "u1", "details": {}}]
    audit._say({"rows": rows, "subs": {"u1": "erased:uNqT5aQ7xLp4Zr6BnKc0sWq"}, "titles": {}}, first=True)
    assert capsys.readouterr().out.splitlines()[1].endswith("  erased:uNqT5aQ…")


def test_what_an_act_was_about_is_said_in_the_language_of_whoever_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    restored = {"n": 8, "made_at": 1795375592254, "again": {"recall": 1, "erase": 2}}
    imported = {"import_id": "0f" * 32, "lines": 5000, "done": True, "counts": {"added": 4997, "unread": 3}}
    tagged = {"tag": "verified", "on": False, "scopes": ["read", "send"], "unheard_of": 3}
    seen(monkeypatch, "C.UTF-8", 80)
    assert pairs(restored) == (
        "commit 8, backup made 2026-11-23 00:56 +05:30, gone again (recalled messages 1, erased people 2)"
    )
    assert pairs(tagged) == "tag verified, has it no, may read send, unheard_of 3"
    assert pairs(imported) == "import 0f0f0f0f…, lines 5,000, done yes, results (added 4,997, not understood 3)"
    seen(monkeypatch, "zh_CN.UTF-8", 80)
    assert pairs(imported) == "导入 0f0f0f0f…、行数 5,000、完成 是、结果（新增 4,997、内容有误 3）"
    assert pairs(restored) == "提交号 8、备份于 2026-11-23 00:56 +05:30、再次删除（撤回的消息 1、抹除的用户 2）"
    assert pairs(tagged) == "标签 verified、授予 否、权限 read send、unheard_of 3"


def _from_cell(line: str, start: int) -> str:
    """What stands from this cell on."""
    at = next((n for n in range(len(line)) if cells(line[:n]) >= start), len(line))
    return line[at:]


def test_a_program_gets_the_same_lines_in_every_language_and_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    told = set()
    for lang in ("C.UTF-8", "zh_CN.UTF-8"):
        monkeypatch.setenv("LC_ALL", lang)
        told.add(table(COLUMNS, ROWS))
    (text,) = told
    head, first, second = text.split("\n")
    assert head.split("\t") == list(COLUMNS)
    assert first.split("\t") == [GROUP, "茶友会 Tea", "private", "12", "2026-11-22T19:26:32.254Z", ""]
    assert len(second.split("\t")) == len(COLUMNS), "a tab in a title parts nothing"
    assert table(COLUMNS, []) == head


def test_a_record_has_a_label_for_each_value_and_leaves_out_what_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"name": "Ann 安", "disabled": False, "scopes": ["read", "send"], "commands": ["/a x", "/b y"], "other": 7}
    plain = "name\tAnn 安\ndisabled\tfalse\nscopes\tread,send\ncommands\t/a x,/b y\nother\t7"
    assert record(value) == plain
    seen(monkeypatch, "zh_CN.UTF-8", 80)
    lines = record(value).splitlines()
    assert [line.split()[0] for line in lines] == ["名字", "权限", "命令", "/b", "other"]
    assert "disabled" not in record(value)
