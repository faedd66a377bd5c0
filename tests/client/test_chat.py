"""The terminal chat against a real server: what two people see, in a pipe and on a terminal."""

from __future__ import annotations

import asyncio
import io
import re
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from chatd.cli.chat import MISUSED, REFUSED, chat, converse, token_of
from chatd.cli.chat_called import called
from chatd.cli.chat_commands import COMMANDS
from chatd.cli.chat_screen import PlainScreen, TerminalScreen
from chatd.cli.chat_words import EN, Lang, Words
from chatd.testing import running_server
from chatd_client import Client
from tests.client.peer import in_loop
from tests.client.scene import Person, Scene, friends


@in_loop
async def test_two_people_talk(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = await friends(server)
        ann.scene.type("你好")
        pos = (await bob.scene.sees("Ann ", "你好")).split()[0]
        bob.scene.type(f"/reply {pos} 世界", f"/react {pos} 👍")
        await ann.scene.sees(f"┆ {pos} you: 你好")
        await ann.scene.sees("鲍勃", "世界")
        await ann.scene.sees(f"鲍勃 reacted to {pos} with 👍")
        ann.scene.type(f"/edit {pos} 您好", f"/recall #{pos}")
        await bob.scene.sees(f"Ann 编辑了 {pos}：您好")
        await bob.scene.sees(f"Ann 撤回了 {pos}")
        bob.scene.type("/open 1")
        await bob.scene.sees("Ann 撤回了这条消息")
        await bob.scene.sees("┆", "已撤回")
        bob.scene.type(f"/unreact {pos} 👍")
        await bob.scene.sees("那条消息已撤回（gone）")
        assert await ann.leave() == 0
        assert await bob.leave() == 1


@in_loop
async def test_the_gate_is_told_in_words(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, eve = Person(server, "ann", "Ann"), Person(server, "eve", "Eve", "zh")
        await eve.scene.sees("已登录")
        ann.scene.type("/new Friends", "/add eve", "/direct eve", "/kick eve", "/add nobody", "/leave")
        await ann.scene.sees("Eve: you do not follow each other (not_mutual)")
        await ann.scene.sees("you must follow each other for that", "(not_mutual)")
        await ann.scene.sees("(not_found)")
        await ann.scene.sees("Nobody called nobody")
        await ann.scene.sees("the owner cannot leave before /transfer or /dissolve (owner_must_stay)")
        eve.scene.type("/direct ann")
        await eve.scene.sees("需要互相关注才可以（not_mutual）")
        assert [await ann.leave(), await eve.leave()] == [1, 1]


@in_loop
async def test_coming_back_is_shown_with_what_was_missed(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = await friends(server)
        bob.client._session.link.cycle()
        await bob.scene.sees("连接断开")
        ann.scene.type("one", "two", "three")
        await ann.scene.sees("✓")
        resumed = await bob.scene.sees("已恢复连接，补收")
        for said in ("one", "two", "three"):
            await bob.scene.sees("Ann", said)
        assert "补收" in resumed
        assert len([line for line in bob.scene.shown if line.endswith((" one", " two", " three"))]) == 3
        await asyncio.gather(ann.leave(), bob.leave())


@in_loop
async def test_messages_elsewhere_are_counted_and_shown_in_one_line(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = await friends(server)
        bob.scene.type("/new 另一个群")
        await bob.scene.sees("── 另一个群")
        ann.scene.type("psst")
        await bob.scene.sees("［石榴哥粉丝群］Ann：psst")
        assert "其他群有 1 条未读" in bob.scene.status()
        bob.scene.type("/groups", "/open 1")
        await bob.scene.sees("石榴哥粉丝群", "1 条未读", "Ann：psst")
        await bob.scene.sees("Ann", "psst")
        assert "未读" not in bob.scene.status()
        await asyncio.gather(ann.leave(), bob.leave())


@in_loop
async def test_being_put_out_and_leaving(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = await friends(server)
        ann.scene.type("/members", "/kick bob", "bye")
        await ann.scene.sees("2 members:")
        await bob.scene.sees("Ann 把你移出了“石榴哥粉丝群”")
        await ann.scene.sees("you put 鲍勃 out")
        bob.scene.type("hello?")
        await bob.scene.sees("还没有打开群")
        ann.scene.type("/add bob")
        await bob.scene.sees("Ann 把你拉进了")
        bob.scene.type("/open 石榴", "/open 没有这个", "/open 1", "/leave", "/groups")
        await bob.scene.sees("── 石榴哥粉丝群 · 2 人")
        await bob.scene.sees("这里没有叫“没有这个”的聊天")
        await bob.scene.sees("你退出了")
        await bob.scene.sees("你还没有群")
        assert not any(line.endswith(" bye") for line in bob.scene.shown)
        await asyncio.gather(ann.leave(), bob.leave())


@in_loop
async def test_older_messages_come_page_by_page(sqlite_url: str) -> None:
    async with running_server(sqlite_url, limits={"requests_per_s": 1000.0}) as server:
        ann = Person(server, "ann", "Ann")
        ann.scene.type("/new Long", *(f"n{n}" for n in range(45)), "/open 1", "/history", "/quit")
        assert await ann.talking == 0
        opened = max(n for n, line in enumerate(ann.scene.shown) if line.startswith("── Long"))
        said = [line.split()[-1] for line in ann.scene.shown[opened:] if line.split()[-1][0] == "n"]
        assert said == [f"n{n}" for n in (*range(15, 45), *range(15))]
        assert "── the beginning of what you can see ──" in ann.scene.shown[opened:]


@in_loop
async def test_a_token_that_is_not_accepted_ends_it_with_words(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        scene = Scene()
        client = Client(server.ws_url, token="nonsense", device="scene")
        assert await converse(client, server.ws_url, scene, Words("zh")) == REFUSED
        assert "令牌未被接受" in scene.shown[-1]


@in_loop
async def test_a_script_talks_through_streams(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        said = io.StringIO("/new Script\n\n//slash\n" + "".join(f"line {n}\n" for n in range(40)) + "no newline")
        heard = io.StringIO()
        client = Client(server.ws_url, token=server.token("ann", "Ann"), device="script")
        assert await converse(client, server.ws_url, PlainScreen(said, heard), Words("en")) == 0
        lines = heard.getvalue().split("\n")
        assert [int(line[2:]) for line in lines if line.startswith("✓ ") and line[2:].isdigit()] == list(range(2, 44))
        assert any(line.endswith(" /slash") for line in lines)


class Drawn(io.StringIO):
    """What a terminal was told to draw."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = asyncio.Event()

    def write(self, text: str) -> int:
        self._changed.set()
        return super().write(text)

    def isatty(self) -> bool:
        """A terminal that answers when it is asked where the cursor is."""
        return True

    async def has(self, part: str) -> None:
        """Wait until this was drawn."""
        while part not in self.getvalue():
            self._changed.clear()
            await self._changed.wait()


@in_loop
async def test_a_terminal_of_80_by_24(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        drawn = Drawn()
        output = Vt100_Output(drawn, lambda: Size(rows=24, columns=80), term="xterm-256color")
        with create_pipe_input() as keyboard:
            client = Client(server.ws_url, token=server.token("ann", "小红"), device="terminal")
            screen = TerminalScreen(keyboard, output)
            talking = asyncio.create_task(converse(client, server.ws_url, screen, Words("zh")))
            await drawn.has("已登录：小红")
            await drawn.has("\x1b[6n")
            keyboard.send_text("\x1b[2;1R")
            await drawn.has(" 在线 ")
            keyboard.send_text("/new 群\r")
            await drawn.has("── 群 · 1 人 · 0 条未读 ──")
            keyboard.send_text("你好世界\r")
            await drawn.has("你好世界\r\n")
            keyboard.send_text("\x04")
            assert await talking == 0
        assert drawn.getvalue().rstrip("\x1b[0m\r\n").endswith("再见")


def test_every_command_is_in_the_help_of_both_languages() -> None:
    langs: tuple[Lang, ...] = ("en", "zh")
    for lang in langs:
        page = Words(lang).help(COMMANDS)
        for name in COMMANDS:
            assert re.search(rf"  /{called(Words(lang), name)}\b", page), (lang, name)


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ({}, "no_token"),
        ({"token": "t", "token_file": Path("x")}, "two_tokens"),
        ({"token_file": Path("/nowhere/token")}, "bad_token_file"),
        ({"token": "t", "lang": "fr"}, "bad_lang"),
        ({"token": "t", "device": "with space"}, "bad_device"),
        ({"token": "t", "url": "http://host"}, "bad_url"),
    ],
)
def test_wrong_arguments_are_explained(
    arguments: dict[str, Any], key: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert chat(**({"url": "ws://localhost:1"} | arguments)) == MISUSED
    told = capsys.readouterr().err
    assert told.startswith(EN[key].split("{", maxsplit=1)[0])


@in_loop
async def test_a_token_file_is_read_for_every_connection(tmp_path: Path, sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        path = tmp_path / "token"
        path.write_text(server.token("ann", "Ann") + "\n")
        token = token_of(None, path)
        client = Client(server.ws_url, token=token, device="d")
        async with client:
            first = client.hello
            path.write_text(server.token("ann", "Ann", ttl_s=7200))
            client._session.link.cycle()
            while client.hello is first:
                async for _ in client.events():
                    break
                await client.list_groups()
            assert client.hello is not None
            assert first is not None
            assert (client.hello.expires or 0) > (first.expires or 0)


@in_loop
async def test_messages_are_found_from_the_keyboard(sqlite_url: str) -> None:
    async with running_server(sqlite_url, search={"follow_every_s": 0.01}) as server:
        search = server.hub.search
        assert search is not None
        ann, bob = await friends(server)
        ann.scene.type("晚上去吃火锅吗")
        await bob.scene.sees("Ann", "晚上去吃火锅吗")
        await asyncio.wait_for(search.caught_up(), 15)
        bob.scene.type("/search 火锅", "/search 烧烤")
        await bob.scene.sees("石榴哥粉丝群", "Ann：晚上去吃火锅吗")
        await bob.scene.sees("没有找到")
        ann.scene.type("/search 吃火锅", "/search", "/search ！")
        await ann.scene.sees("石榴哥粉丝群", "晚上去吃火锅吗")
        await ann.scene.sees("/search WORDS")
        await ann.scene.sees("(invalid)")
        assert [await ann.leave(), await bob.leave()] == [1, 0]


@in_loop
async def test_a_person_keeps_their_own_side_of_a_group(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = await friends(server)
        bob.scene.type("你好")
        pos = (await ann.scene.sees("鲍勃", "你好")).split()[0]
        ann.scene.type("/pin-chat", "/groups")
        await ann.scene.sees("✓ on top")
        await ann.scene.sees("*  1^ 石榴哥粉丝群")
        ann.scene.type("/mute @", "/mute none", "/mute perhaps")
        await ann.scene.sees("addressed to you")
        await ann.scene.sees("told of nothing")
        await ann.scene.sees("/mute all|@|none")
        ann.scene.type("/pin-chat", "/archive", "/unread", "/groups")
        await ann.scene.sees("no longer on top")
        await ann.scene.sees("✓ put away")
        await ann.scene.sees("marked as unread")
        await ann.scene.sees("*  1_ 石榴哥粉丝群", "unread")
        ann.scene.type("/archive", "/draft see you at noon", "/groups", "/open 1")
        await ann.scene.sees("back in the list")
        await ann.scene.sees("kept unsent")
        await ann.scene.sees("[unsent] see you at noon")
        await ann.scene.sees("[unsent] see you at noon")
        bob.scene.type("/nick 石榴哥")
        await ann.scene.sees("鲍勃 took the nickname “石榴哥”")
        ann.scene.type("/members")
        await ann.scene.sees("● 石榴哥")
        bob.scene.type("/receipts on")
        await bob.scene.sees("互相可见")
        ann.scene.type(f"/receipts {pos}", "/receipts on", f"/receipts {pos}", "/receipts off")
        await ann.scene.sees("(forbidden)")
        await ann.scene.sees("see how far you have read")
        await ann.scene.sees(f"{pos}: read by 石榴哥")
        await ann.scene.sees("nobody sees how far")
        ann.scene.type("/receipts 999", "at noon", "/groups")
        await ann.scene.sees("999 is no message")
        await ann.scene.sees("✓ ")
        assert "unsent" not in await ann.scene.sees("*  1  石榴哥粉丝群")
        bob.scene.type("/nick -")
        await ann.scene.sees("gave the nickname up")
        assert await bob.leave() == 0
        assert await ann.leave() == 1


@pytest.mark.parametrize("lang", ["en", "zh"])
@in_loop
async def test_a_script_gives_up_on_a_server_that_is_not_there(lang: Lang) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # A port that nobody listens on.
        url = f"ws://127.0.0.1:{nobody.getsockname()[1]}/ws"
        out = io.StringIO()
        screen = PlainScreen(io.StringIO("hello\n"), out)
        status = await converse(Client(url, token="t", device="script"), url, screen, Words(lang), patience_s=0.3)
    assert status == REFUSED
    first, *said = out.getvalue().splitlines()
    nobody_there = Words(lang)("lost_ConnectionRefusedError")
    assert url in first
    assert nobody_there in said[0]
    assert said[-1] == Words(lang)("given_up", url=url, seconds="0.3", why=nobody_there)


@in_loop
async def test_a_script_gives_up_when_the_server_dies_under_it_and_a_person_does_not(sqlite_url: str) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running_server(sqlite_url))
        token = server.token("ann", "Ann")
        script, person = Scene(), Scene()
        person.interactive = True
        talks = [
            asyncio.create_task(
                converse(Client(server.ws_url, token=token, device=one), "url", scene, Words("zh"), patience_s=0.5)
            )
            for one, scene in (("script", script), ("person", person))
        ]
        for scene in (script, person):
            await scene.sees("已登录")
    await script.sees("连接断开：")
    await script.sees("url 在 0.5 秒内没有应答：")
    assert await talks[0] == REFUSED
    await person.sees("连接断开：")
    assert any(told in person.status() for told in ("重连中…", "秒后重试"))
    assert not talks[1].done()
    person.end()
    talks[1].cancel()
    await asyncio.gather(talks[1], return_exceptions=True)


@in_loop
async def test_the_end_of_the_input_is_no_fault_of_the_server(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = await friends(server)
        for _ in range(20):  # Something is being asked for while this side closes.
            bob.scene.type("/add ann")
        ann.scene.interactive = True
        ann.scene.end()
        assert await ann.talking == 0
        assert ann.scene.shown[-1] == "bye"
        assert not any("closed by" in line for line in ann.scene.shown)
        await bob.leave()
        assert "再见" not in bob.scene.shown, "a script reads to the last line what it asked for"
