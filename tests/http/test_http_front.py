"""The page at `/`, over a real port and in a real browser: what it says, and that it stays up to date."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from chatd import __version__
from chatd.app import Server
from chatd.http.front import SHOWN
from chatd.http.front_words import FRONT_WORDS, FrontWords
from tests.e2e.town import living_town, on_loop
from tests.http.browser import browsing, find_chromium

CHROMIUM = find_chromium()
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed (on Debian: apt-get install chromium)"
)
SHOWN_NOW = """(() => ({
  wide: document.documentElement.scrollWidth, state: document.getElementById("state").textContent,
  people: document.getElementById("f-people").textContent, lamp: document.getElementById("lamp").className,
  buttons: [...document.querySelectorAll("button")].filter(one => !one.hidden).length,
  rows: document.querySelectorAll(".row").length, pace: !document.getElementById("pace").hidden,
}))()"""
TURNS = """new Promise(resolve => {
  const look = () => (%s) ? resolve(true) : requestAnimationFrame(look);
  look();
})"""


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'chatd.db'}"


@on_loop
async def test_the_page_says_in_the_visitors_language_what_runs_and_how_to_come_in(tmp_path: Path) -> None:
    async with (
        living_town(url_of(tmp_path), tmp_path) as town,
        httpx.AsyncClient(base_url=town.server.http_url) as browser,
    ):
        for accept, words in (("zh-CN,en;q=0.5", FRONT_WORDS["zh"]), ("de, en;q=0.5", FRONT_WORDS["en"])):
            page = await browser.get("/", headers={"Accept-Language": accept})
            assert page.status_code == 200
            assert page.headers["content-type"].startswith("text/html")
            assert page.headers["content-language"] == words.lang
            assert page.headers["cache-control"] == "no-store"
            assert f'<html lang="{words.lang}">' in page.text
            assert words.doors in page.text
            assert words.ready in page.text
            assert f"chatd token ann --name {words.name} &gt; ann.token" in page.text
            assert f'data-days="{words.days}"' in page.text
            assert f"chatd chat --url {town.server.ws_url} --token-file" in page.text
            assert f"curl {town.server.http_url}/live" in page.text
            assert "{" not in re.sub(r"<(style|script)>.*?</\1>", "", page.text, flags=re.DOTALL)


@on_loop
async def test_it_says_in_the_visitors_language_why_it_is_not_ready(tmp_path: Path) -> None:
    async with (
        living_town(url_of(tmp_path), tmp_path) as town,
        httpx.AsyncClient(base_url=town.server.http_url) as browser,
    ):
        town.server.hub.announce_end(60)
        for accept, state in (("zh-CN", "未就绪（正在停止）"), ("en", "Not ready (stopping)")):
            page = await browser.get("/", headers={"Accept-Language": accept})
            assert f'role="status">{state}<' in page.text


@pytest.mark.parametrize("words", FRONT_WORDS.values(), ids=FRONT_WORDS)
def test_each_reason_of_the_server_has_words(words: FrontWords) -> None:
    reasons = {node.value for node in ast.walk(_source_of(Server.ready)) if isinstance(node, ast.Constant)}
    why = [reason for reason in reasons if isinstance(reason, str) and reason != Server.ready.__doc__]
    told = [words.state(reason) for reason in why]
    assert len(told) == 3
    script = (Path(inspect.getfile(Server)).parent / "http/pages/front.js").read_text(encoding="utf-8")
    assert [reason for reason in why if reason not in script] == []
    assert words.not_ready not in told


def _source_of(function: Callable[..., object]) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(function)))


@on_loop
async def test_its_figures_are_those_of_the_moment(tmp_path: Path) -> None:
    async with (
        living_town(url_of(tmp_path), tmp_path) as town,
        httpx.AsyncClient(base_url=town.server.http_url) as browser,
    ):
        before = (await browser.get("/live")).json()
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        await ann.do("message.send", group=group, kind="text", body={"text": "hello"})
        after = (await browser.get("/live")).json()
    assert set(before) == {"version", "started", "now", "ready", *SHOWN}
    assert (before["people"], before["sessions"], before["groups"], before["deliveries"]) == (0, 0, 0, 0)
    assert (after["people"], after["sessions"], after["groups"]) == (2, 2, 1)
    assert after["commits"] > before["commits"]
    assert after["deliveries"] > 0
    assert (after["version"], after["ready"]) == (__version__, True)
    assert before["started"] == after["started"] <= before["now"] <= after["now"]


@on_loop
async def test_bots_are_no_people_on_the_page_in_the_metrics_and_in_top(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        living_town(url_of(tmp_path), tmp_path) as town,
        httpx.AsyncClient(base_url=town.server.http_url) as browser,
    ):
        await town.people("ann", "bob")
        bots = [await town.bot() for _ in range(4)]
        figures = (await browser.get("/live")).json()
        assert (figures["people"], figures["bots"], figures["sessions"]) == (2, 4, 6)
        for lang, people, some in (("en", "people connected", "bots connected"), ("zh", "人在线", "个机器人在线")):
            page = (await browser.get("/", headers={"Accept-Language": lang})).text
            assert f'<dt>{people}</dt><dd id="f-people">2</dd>' in page
            assert f'<dt>{some}</dt><dd id="f-bots">4</dd>' in page
        metrics = (await browser.get("/metrics")).text.splitlines()
        assert {"chatd_people 2.0", "chatd_bots 4.0", "chatd_sessions 6.0"} <= set(metrics)
        for figures in (await town.act("top"), await town.act("stats")):
            assert (figures["people"], figures["bots"]) == (2, 4)
        hub, gone = town.server.hub, asyncio.Queue[Any]()
        forget = hub.forget
        monkeypatch.setattr(hub, "forget", lambda session: gone.put_nowait(forget(session)))
        further = await town.bot_by(bots[0].token, device="another")
        for phone in (further, bots[1]):
            await phone.cut_off()
            await gone.get()
        figures = (await browser.get("/live")).json()
        assert (figures["people"], figures["bots"], figures["sessions"]) == (2, 3, 5)


@on_loop
async def test_the_operator_names_the_place_and_what_they_write_is_text(tmp_path: Path) -> None:
    front = {"title": "<b>Kiln</b>", "intro": "Pots & people", "intro_zh": ""}
    async with (
        living_town(url_of(tmp_path), tmp_path, front=front) as town,
        httpx.AsyncClient(base_url=town.server.http_url) as browser,
    ):
        page = (await browser.get("/", headers={"Accept-Language": "zh"})).text
    assert "<h1>&lt;b&gt;Kiln&lt;/b&gt;</h1>" in page
    assert "Pots &amp; people" in page
    assert "<b>" not in page


@on_loop
async def test_it_can_be_switched_off_and_then_tells_nothing(tmp_path: Path) -> None:
    async with (
        living_town(url_of(tmp_path), tmp_path, front={"on": False}) as town,
        httpx.AsyncClient(base_url=town.server.http_url) as browser,
    ):
        assert (await browser.get("/")).status_code == 404
        assert (await browser.get("/live")).status_code == 404
        assert (await browser.get("/healthz")).status_code == 200


@pytest.mark.promise("P8", "http.front")
@on_loop
async def test_who_asks_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    async with (
        living_town(url_of(tmp_path), tmp_path, rates={"on": True, "http": "1/min, burst 2"}) as town,
        httpx.AsyncClient(base_url=town.server.http_url) as browser,
    ):
        statuses = [(await browser.get(path)).status_code for path in ("/", "/live", "/", "/live")]
        late = await browser.get("/")
    assert statuses == [200, 200, 429, 429]
    assert int(late.headers["retry-after"]) > 0


@needs_chromium
@on_loop
async def test_a_browser_shows_it_and_keeps_it_up_to_date(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    async with living_town(url_of(tmp_path), tmp_path) as town, browsing(CHROMIUM) as tab:
        for width, height, language in ((320, 568, "zh-CN"), (390, 844, "en"), (1280, 800, "zh-CN")):
            await tab.open(f"{town.server.http_url}/", width, height, language=language)
            assert await tab.ask(TURNS % "document.getElementById('up').textContent")
            shown = await tab.ask(SHOWN_NOW)
            assert tab.complaints == []
            assert shown["wide"] <= width
            assert shown["buttons"] == shown["rows"] > 5
        shown = await tab.ask(SHOWN_NOW)
        assert (shown["state"], shown["people"], shown["lamp"]) == ("运行中", "0", "lamp")
        await town.person("ann")
        assert await tab.ask(TURNS % "document.getElementById('f-people').textContent === '1'")
        assert await tab.ask(TURNS % "!document.getElementById('pace').hidden")
        assert tab.complaints == []
        await tab.open(f"{town.server.http_url}/", 390, 844, language="en", script=False)
        shown = await tab.ask(SHOWN_NOW)
        assert (shown["state"], shown["people"], shown["buttons"], shown["pace"]) == ("Running", "1", 0, False)
        await tab.open(f"{town.server.http_url}/", 390, 844, language="en")
        await town.server.port.drain(0)
        assert await tab.ask(TURNS % "document.getElementById('state').textContent === 'No answer'")


@needs_chromium
@on_loop
async def test_a_line_is_copied_by_its_button(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    async with living_town(url_of(tmp_path), tmp_path) as town, browsing(CHROMIUM) as tab:
        await tab.open(f"{town.server.http_url}/", 390, 844, language="zh-CN")
        await tab.do("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        await tab.ask("document.querySelectorAll('.row button')[1].click()")
        assert await tab.ask(TURNS % "document.querySelectorAll('.row button')[1].textContent === '已复制'")
        line = await tab.ask("navigator.clipboard.readText()")
        assert line == f"chatd chat --url {town.server.ws_url} --token-file ann.token"


SELECTED = """(() => {
  const text = document.querySelector("pre.program"), range = document.createRange();
  range.selectNodeContents(text);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  const lines = new Set([...range.getClientRects()].filter(one => one.width > 0).map(one => Math.round(one.top)));
  return {copied: getSelection().toString(), written: text.textContent, lines: lines.size};
})()"""


@needs_chromium
@on_loop
async def test_a_program_keeps_its_lines_and_its_indentation_on_a_phone(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    async with living_town(url_of(tmp_path), tmp_path) as town, browsing(CHROMIUM) as tab:
        for width in (320, 1280):
            await tab.open(f"{town.server.http_url}/", width, 568, language="en")
            shown = await tab.ask(SELECTED)
            assert shown["copied"] == shown["written"]
            compile(shown["copied"], "copied", "exec")
            assert shown["lines"] == len([line for line in shown["written"].splitlines() if line.strip()])


RATE_LINES = """(() => {
  const pace = document.getElementById("pace"), rate = document.getElementById("rate"), range = document.createRange();
  pace.hidden = false;
  rate.textContent = "1,234,567";
  range.selectNodeContents(rate);
  return new Set([...range.getClientRects()].map(one => Math.round(one.top))).size;
})()"""


@needs_chromium
@on_loop
async def test_a_figure_is_never_broken_in_two_lines(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    async with living_town(url_of(tmp_path), tmp_path) as town, browsing(CHROMIUM) as tab:
        for language in ("en", "zh-CN"):
            await tab.open(f"{town.server.http_url}/", 390, 844, language=language)
            assert await tab.ask(RATE_LINES) == 1
