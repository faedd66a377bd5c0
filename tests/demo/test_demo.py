"""What a newcomer does: `make run`, two pasted lines, a kill in between."""

from __future__ import annotations

import asyncio
import html
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from prompt_toolkit.utils import get_cwidth

from chatd.cli.language import Lang
from chatd.cli.welcome import pasted
from chatd.config import load
from chatd.demo.community import BOTS, PEOPLE
from chatd.demo.guide import Place, guide
from chatd.demo.house import prepare
from tests.demo.house import ROOT, Program, started
from tests.ports import free_port

DEMO = f"{shlex.quote(sys.executable)} -m chatd.demo"
CHATD = f"{shlex.quote(sys.executable)} -m chatd"
IMPATIENT = (
    "import runpy; from chatd import app; app.LOCK_WAIT_S = 0.5; runpy.run_module('chatd.demo', run_name='__main__')"
)
"""The demo, which does not wait ten seconds for a server that may be on its way out."""


async def read_guide(demo: Program) -> list[str]:
    """Wait until it serves; the two lines to paste, the third person's, and the share text for them."""
    first, second, third = [await read_pasted(demo) for _ in range(3)]
    assert "--group" in first
    assert "--group" in second
    return [first, second, third, await demo.sees("¥")]


async def read_pasted(demo: Program) -> str:
    """The next line to paste, with what goes on behind a backslash."""
    line = await demo.sees(" chat --")
    while line.endswith("\\"):
        line = f"{line.removesuffix(chr(92)).rstrip()} {(await demo.sees()).strip()}"
    return line


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.promise("P1", "demo.killed")
def test_two_pasted_lines_chat_and_a_kill_in_between_loses_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        line = f"{DEMO} --port {free_port()}"
        async with started(line, tmp_path) as demo:
            paste_ali, paste_kai, paste_ming, share = await read_guide(demo)
            async with started(paste_ali, tmp_path) as ali, started(paste_kai, tmp_path) as kai:
                pos = await _talk(ali, kai)
                os.kill(demo.pid, signal.SIGKILL)
                await ali.sees("connection lost")
                await kai.types("said to nobody")
                async with started(line, tmp_path) as again:
                    assert await read_guide(again) == [paste_ali, paste_kai, paste_ming, share]
                    assert not [text for text in again.shown if "Making" in text]
                    await ali.sees("Kai ", "said to nobody")
                    assert await kai.ends() == 1  # something was refused: the pull of Nora
                    await ali.types(f"/open {paste_ali.split()[-1]}")
                    await ali.sees(f"{pos} ", "good morning", "(edited)")
                    await ali.sees("recalled by Kai")
                    assert await ali.ends() == 0
                    assert await again.ends(signal.SIGINT) == 0

    asyncio.run(scenario())


async def _talk(ali: Program, kai: Program) -> str:
    """Send, edit, recall, and a pull that is refused. Returns the number of the message that is left."""
    await ali.sees("饭友群", "members")
    await kai.sees("饭友群", "members")
    await ali.types("早 good evening")
    await kai.sees("阿梨 ", "good evening")
    pos = (await ali.sees("you ", "good evening")).split()[0]
    await ali.types(f"/edit {pos} 早 good morning")
    await kai.sees(f"edited {pos}", "good morning")
    await kai.types("wrong window")
    wrong = (await ali.sees("Kai ", "wrong window")).split()[0]
    await kai.sees("you ", "wrong window")
    await kai.types(f"/recall {wrong}")
    await ali.sees(f"Kai recalled {wrong}")
    await kai.types("/add nora")
    await kai.sees("Nora", "not_mutual")
    await kai.types("/follow lena")
    await kai.sees("Lena follows you")
    await kai.types("/add lena")
    await ali.sees("Lena came in, pulled in by Kai")
    return pos


def test_who_knows_nobody_comes_in_by_the_share_text(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with started(f"{DEMO} --port 0", tmp_path) as demo:
            paste_ali, _, paste_ming, share = await read_guide(demo)
            async with started(paste_ali, tmp_path) as ali, started(paste_ming, tmp_path) as ming:
                await ali.sees("饭友群", "members")
                await ali.types("/add ming")
                await ali.sees("阿明", "not_mutual")
                await ming.types(share)
                await ming.sees("饭友群", "/join .")
                await ming.types("/join .")
                await ali.sees("阿明 came in", "invited by")
                await ming.types("大家好")
                await ali.sees("阿明 ", "大家好")
                assert await ming.ends() == 0
            assert await demo.ends(signal.SIGINT) == 0

    asyncio.run(scenario())


def test_the_four_bots_are_there_and_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with started(f"{DEMO} --port 0", tmp_path) as demo:
            _, paste_kai, paste_ming, share = await read_guide(demo)
            await demo.sees("The bots are at work")
            async with started(f"{paste_kai} --lang zh", tmp_path) as kai, started(paste_ming, tmp_path) as ming:
                await kai.sees("饭友群", "人")
                await kai.types("/vote 喝茶吗")
                await kai.sees("回声 Echo ", "喝茶吗")
                await kai.sees("[1 赞成 0]", "[2 反对 0]")
                vote = (await kai.sees("/点按钮 ")).split()[1]
                await kai.types(f"/press {vote} 1")
                await kai.sees("[1 赞成 1]")
                await kai.types("/错过")
                await kai.sees("摘要 Digest ")
                await ming.types(share)
                await ming.sees("饭友群", "/join .")
                await ming.types("/join .")
                await kai.sees("迎新 Welcome ", "阿明", "阿梨")
                assert await kai.ends() == 0
                assert await ming.ends() == 0
            assert await demo.ends(signal.SIGINT) == 0

    asyncio.run(scenario())


def test_the_shop_assistant_answers_with_a_card(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with started(f"{DEMO} --port 0", tmp_path) as demo:
            paste_ali, *_ = await read_guide(demo)
            words = paste_ali.split()[:-2]
            await demo.sees("The bots are at work")
            async with started(" ".join(words), tmp_path) as ali:
                await ali.types("/groups")
                number = (await ali.sees("Mina's Kiln")).split()[0]
                await ali.types(f"/open {number}")
                await ali.sees("Mina's Kiln", "members")
                await ali.types("/price bowl")
                await ali.sees("导购 Shop", "Celadon bowl")
                await ali.sees("68.00")
                for word in ("bowl", "碗"):
                    await ali.types(f"/product {word}")
                    await ali.sees("you ", "Celadon bowl")
                assert await ali.ends() == 0
            assert await demo.ends(signal.SIGINT) == 0

    asyncio.run(scenario())


def test_no_bot_outlives_the_demo_however_it_ends(tmp_path: Path) -> None:
    async def crew_of_a_demo_that_ends(by: signal.Signals) -> list[psutil.Process]:
        async with started(f"{DEMO} --port 0", tmp_path) as demo:
            await read_guide(demo)
            crew = [one for one in psutil.Process(demo.pid).children() if "chatd.demo.crew" in one.cmdline()]
            os.kill(demo.pid, by)
            await demo.ends()
            return crew

    for by in (signal.SIGKILL, signal.SIGTERM):
        crew = asyncio.run(crew_of_a_demo_that_ends(by))
        assert len(crew) == 1
        gone, alive = psutil.wait_procs(crew, timeout=30)
        assert (len(gone), alive) == (1, [])


def test_the_page_of_the_demo_says_how_to_come_in(tmp_path: Path) -> None:
    """Its lines are those of the terminal; no token is on it."""

    async def scenario() -> tuple[list[str], dict[str, str]]:
        async with started(f"{DEMO} --port 0", tmp_path) as demo:
            url = (await demo.sees("http://127.0.0.1:")).split()[-1]
            guide = await read_guide(demo)
            pages = {}
            async with httpx.AsyncClient() as web:
                for lang in ("en", "zh"):
                    answer = await web.get(url, headers={"Accept-Language": lang})
                    assert answer.status_code == 200
                    pages[lang] = html.unescape(answer.text)
            assert await demo.ends(signal.SIGINT) == 0
            return guide, pages

    guide, pages = asyncio.run(scenario())
    tokens = [path.read_text().strip() for path in (tmp_path / ".demo").glob("*.token")]
    assert len(tokens) == len(PEOPLE) + len(BOTS)
    for lang, text in pages.items():
        shares = "/发商品 碗" if lang == "zh" else "/product 碗"
        assert [line for line in (*guide, shares) if line not in text] == []
        assert not [token for token in tokens if token in text]
    assert "谁也拉不了他" in pages["zh"]
    assert "Ming (阿明)" in pages["en"]
    assert "Nobody can pull him in" in pages["en"]


def test_the_past_is_shown_by_day_and_as_it_is_now(tmp_path: Path) -> None:
    """The newest page, without telling again who reacted to what."""

    async def scenario() -> list[str]:
        async with started(f"{DEMO} --port 0", tmp_path) as demo:
            paste, *_ = await read_guide(demo)
            async with started(paste, tmp_path) as ali:
                await ali.sees("电饭锅专题要不要做双语字幕")
                assert await ali.ends() == 0
                return ali.shown

    shown = asyncio.run(scenario())
    days = [line for line in shown if re.fullmatch(r"── \d{4}-\d\d-\d\d ──", line)]
    assert days == sorted(set(days)) != []
    assert [line for line in shown if line.strip().startswith("😂")]
    assert not [line for line in shown if "reacted to" in line]


def test_tokens_lie_in_files_of_their_owner_and_are_fresh_at_every_start(tmp_path: Path) -> None:
    def tokens() -> dict[str, str]:
        paths = {sub: tmp_path / ".demo" / f"{sub}.token" for sub in PEOPLE}
        assert {stat.S_IMODE(path.stat().st_mode) for path in paths.values()} == {0o600}
        assert stat.S_IMODE((tmp_path / ".demo").stat().st_mode) == 0o700
        kept = [path for path in (tmp_path / ".demo").iterdir() if path.is_file()]
        assert [path.name for path in kept if path.stat().st_mode & 0o077] == []
        return {sub: path.read_text() for sub, path in paths.items()}

    async def start_and_stop() -> list[str]:
        async with started(f"{DEMO} --port 0", tmp_path) as demo:
            await read_guide(demo)
            assert await demo.ends(signal.SIGINT) == 0
            return demo.shown

    first_shown = asyncio.run(start_and_stop())
    first = tokens()
    (tmp_path / ".demo" / "kai.token").write_text("an old one")
    asyncio.run(start_and_stop())
    second = tokens()
    assert second["kai"] != "an old one"
    assert not [token for token in (*first.values(), *second.values()) if token.strip() in "\n".join(first_shown)]


def test_the_other_commands_work_with_the_demos_settings(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with started(f"{DEMO} --port 0 --dir 'some where'", tmp_path) as demo:
            await read_guide(demo)
            settings = tmp_path / "some where" / "chatd.toml"
            async with started(f"{CHATD} stats --json --config {shlex.quote(str(settings))}", tmp_path) as stats:
                assert f'"pid": {demo.pid}' in await stats.sees('"url": "ws://127.0.0.1:')
            assert await demo.ends(signal.SIGTERM) == 0

    asyncio.run(scenario())


def test_a_taken_port_is_named_before_anything_is_made(tmp_path: Path) -> None:
    async def scenario() -> None:
        with taken_port() as port:
            async with started(f"{DEMO} --port {port}", tmp_path) as refused:
                await refused.sees(f"port {port}", "--port 8081")
                assert await refused.ends() == 1

    asyncio.run(scenario())
    assert not (tmp_path / ".demo" / "chatd.db").exists()


def test_a_server_whose_port_is_taken_names_it_and_ends(tmp_path: Path) -> None:
    async def scenario() -> None:
        with taken_port() as port:
            async with started(f"{CHATD} serve --port {port}", tmp_path) as refused:
                await refused.sees(f"port {port}")
                assert await refused.ends() == 1

    asyncio.run(scenario())


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with started(f"{DEMO} --port 0", tmp_path) as demo:
            await read_guide(demo)
            impatient = shlex.join([sys.executable, "-c", IMPATIENT, "--port", "0"])
            async with started(impatient, tmp_path) as second:
                await second.sees("in use by another chatd")
                assert await second.ends() == 1
            assert await demo.ends(signal.SIGINT) == 0

    asyncio.run(scenario())


def test_the_folder_of_the_demo_is_never_committed() -> None:
    assert "/.demo/" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("url", ["ws://127.0.0.1:8080/ws", "ws://127.0.0.1:65535/ws"])
def test_what_it_says_fits_a_terminal_of_eighty_columns_and_what_is_pasted_too(lang: Lang, url: str) -> None:
    place = Place(Path(".demo"), "g" * 23, "【阿梨的厨房 · 饭友群】复制这段话打开 chatd 入群 ¥MW5L-F53R-3U92-P3¥")
    told = guide(place, url, 4_194_304, lang).splitlines()
    assert not [
        line for line in told if get_cwidth(line) >= 80 and not line.startswith(str(Path(sys.executable).parent))
    ]
    others = next(line for line in told if ("令牌" if lang == "zh" else "a token in") in line)
    assert ".demo" in others, "on 24 lines this is the first that is seen"
    pasting = "\n".join(told[told.index("─" * 78, 2) :])
    assert len(pasting.splitlines()) <= 24
    for sub in ("ali", "kai", "ming"):
        assert f"--token-file .demo/{sub}.token" in pasting


def test_a_line_that_is_too_wide_goes_on_behind_a_backslash_and_means_the_same(tmp_path: Path) -> None:
    words = ["printf", "%s|", "--first", "a b", "--second", "c" * 60, "--third", "d"]
    shown = pasted(words)
    assert len(shown.splitlines()) > 1
    assert max(map(get_cwidth, shown.splitlines())) < 80
    assert all(line.endswith(" \\") for line in shown.splitlines()[:-1])
    done = subprocess.run(["sh", "-c", shown], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split("|")[:-1] == words[2:]


def test_it_speaks_chinese_to_who_reads_chinese(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        async with started(f"{DEMO} --port 0", tmp_path, {"LANG": "zh_CN.UTF-8"}) as demo:
            await read_guide(demo)
            await demo.sees(f"机器人已就位：{'、'.join(BOTS)}。")
            assert await demo.ends(signal.SIGINT) == 0
            return demo.shown

    shown = asyncio.run(scenario())
    assert [line for line in shown if "正在生成演示社区" in line]
    assert shown[-1].startswith("已停止")
    assert not [line for line in shown if "Chat as two people" in line]


def test_the_language_that_is_asked_for_is_that_of_the_chats_too(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        async with started(f"{DEMO} --port 0 --lang zh", tmp_path) as demo:
            pasted = await read_guide(demo)
            assert await demo.ends(signal.SIGINT) == 0
            return pasted[:3]

    assert all(line.endswith("--lang zh") for line in asyncio.run(scenario()))


def test_the_settings_of_the_demo_are_good_in_every_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # a short name: the socket's has to fit
        place = Path(folder) / "a 100% 好 place"
        place.mkdir()
        monkeypatch.chdir(place)
        prepare(Path(".demo"), 8080)
        monkeypatch.chdir("/")
        config = load(place / ".demo" / "chatd.toml", {})
        assert config.sqlite_path() == place / ".demo" / "chatd.db"
        assert config.admin_socket_path() == place / ".demo" / "chatd.sock"


def test_where_the_name_is_too_long_for_a_socket_the_demo_is_named_from_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / ("x" * 60) / ("y" * 60)
    place.mkdir(parents=True)
    monkeypatch.chdir(place)
    assert prepare(Path(".demo"), 8080).admin_socket_path() == Path(".demo/chatd.sock")
