"""What a person sees at a terminal of 80 columns: every list under headings, every record under labels, both languages.

A new command that lists or shows something is found by its name, and has to be tried here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from chatd.admin.socket import call
from chatd.cli.language import cells
from chatd.cli.texts.fields import FIELDS
from tests.cli.program import Program
from tests.cli.test_help import LEAVES

LISTS: Final = {
    "user list": (),
    "group list": (),
    "member list": ("{group}",),
    "invite list": (),
    "request list": (),
    "ban list": (),
    "bot list": (),
    "follow list": ("ann",),
    "catalogue list": (),
    "broadcast list": (),
    "broadcast results": ("spring",),
    "audit": (),
}
RECORDS: Final = {
    "user show": ("@ann_1",),
    "group show": ("{group}",),
    "bot show": ("helper",),
    "catalogue show": ("product", "teapot"),
    "broadcast show": ("spring",),
    "search status": (),
    "stats": (),
}
OTHERS: Final = {"retention show": "a sentence of the server, and those groups that differ"}
"""Commands that show something in another form, each with its reason."""
SHOWS: Final = re.compile(r"\b(list|show|results|status|audit|stats)$")
CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
ALIKE: Final = frozenset({"sub", "id"})
"""Headings that are the same in both languages."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, str]]:
    """A server with one of everything."""
    folder: Path = tmp_path_factory.mktemp("shown")
    (folder / "items.csv").write_text(
        "kind,id,rev,title,price,currency,shop_url\nproduct,teapot,1,Teapot 壶,12800,CNY,https://shop.example/t\n"
    )
    program = Program(folder, CHATD_BROADCASTS__PAUSE_S="0")
    with program.serving() as served:
        sock = folder / "chatd.sock"

        def ask(act: str, **fields: Any) -> dict[str, Any]:
            return call(sock, act, **fields)

        for sub, name in (
            ("ann", "Ann 安"),
            ("ben", "Ben of the tea house 茶馆的阿本"),
            ("cat", "Cat"),
            ("dan", "Dan"),
        ):
            ask("user", sub=sub, name=name)
        ask("user.tag", sub="ann", tag="staff", on=True, until=4_000_000_000_000)
        group = ask("group.create", sub="ann", title="Tea 茶", kind="public")["group"]
        ask("member.add", group=group, sub="ben")
        ask("member.kick", group=group, sub="cat", ban=True, reason="spam 广告")
        ask("follow.add", sub="ann", target="ben")
        ask("invite.create", group=group, note="poster 海报")
        ask("bot.create", bot="helper", name="Helper 助手")
        program.run("catalogue", "import", "items.csv")
        import uvloop

        from tests.e2e.phone import Phone

        tokens = {name: program.run("token", name).stdout.strip() for name in ("ann", "dan")}

        async def asking() -> None:
            ann, dan = await Phone.dial(served.url), await Phone.dial(served.url)
            await ann.say_hello(tokens["ann"])
            await ann.do("user.handle", handle="ann_1")
            await ann.do("group.entry", group=group, entry="approval")
            await dan.say_hello(tokens["dan"])
            await dan.do("request.create", group=group, answer="it is dan")
            for phone in (ann, dan):
                await phone.cut_off()

        uvloop.run(asking())
        program.run("broadcast", "send", "spring", "Hello", "--all", "--yes")
        yield program, group


def test_every_command_that_shows_something_is_tried_here() -> None:
    assert {name for name in LEAVES if SHOWS.search(name)} == {*LISTS, *RECORDS, *OTHERS}


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_a_table_with_headings_in_either_language(name: str, place: tuple[Program, str]) -> None:
    program, group = place
    typed = [*name.split(), *(part.format(group=group) for part in LISTS[name])]
    for lang, of in (("en", 0), ("zh", 1)):
        shown = program.shown(*typed, "--lang", lang)
        lines = shown.text.splitlines()
        assert shown.status == 0
        assert len(lines) > 1, "there is something to see"
        assert [line for line in lines if cells(line) > 80] == []
        heads = re.split(r"\s{2,}", re.sub(r" (UTC|[+-]\d\d(:\d\d)?)(?=\s|$)", "", lines[0]).strip())
        assert len(heads) > 1
        assert [head for head in heads if head not in {field[of] for field in FIELDS.values()}] == []
        if lang == "zh":
            assert [head for head in heads if not CHINESE.search(head) and head not in ALIKE] == []
    piped = program.run(*typed).stdout.splitlines()
    assert [len(line.split("\t")) for line in piped] == [len(piped[0].split("\t"))] * len(piped)
    assert piped == program.run(*typed, "--lang", "zh").stdout.splitlines(), "the same in every language"
    for line in program.run(*typed, "--json").stdout.splitlines():
        json.loads(line)


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_has_labels_in_either_language(name: str, place: tuple[Program, str]) -> None:
    program, group = place
    typed = [*name.split(), *(part.format(group=group) for part in RECORDS[name])]
    for lang, of in (("en", 0), ("zh", 1)):
        shown = program.shown(*typed, "--lang", lang)
        assert shown.status == 0
        lines = shown.text.splitlines()
        assert [line for line in lines if cells(line) > 80] == []
        labels = [re.split(r"\s{2,}", line)[0] for line in lines if line[:1] != " "]
        assert [label for label in labels if label not in {field[of] for field in FIELDS.values()}] == []


def test_whoever_sees_a_page_of_several_is_told_how_to_go_on(place: tuple[Program, str]) -> None:
    program, _ = place
    for name in ("user list", "group list", "catalogue list"):
        page = program.shown(*name.split(), "--limit", "1")
        more = re.search(r"--after (\S+)", page.text)
        if more:
            assert program.shown(*name.split(), "--after", more[1]).status == 0
    assert "--after" in program.shown("user", "list", "--limit", "1").text
