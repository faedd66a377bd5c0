"""The built documents: no warning, no link that leads nowhere, and a search that finds Chinese words."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs.reference import DOCS, LANGUAGES, ROOT
from docs.site.bigrams import JAVASCRIPT, pieces
from tests.e2e.town import on_loop
from tests.http.browser import browsing, find_chromium

CHROMIUM = find_chromium()
FOUND = """new Promise(resolve => {
  const look = () => {
    const done = document.querySelector("p.search-summary");
    if (!done || !done.textContent || /^(Searching|正在搜索)/.test(done.textContent)) return setTimeout(look, 20);
    resolve([...document.querySelectorAll("ul.search li a")].map(link => new URL(link.href).pathname.split("/").pop()));
  };
  look();
})"""
QUESTIONS = {"zh": ["撤回", "互相关注", "断点续传", "message.recall", "令牌"], "en": ["recall", "token"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once for all tests of this file, in a process of its own: Sphinx keeps things."""
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "docs", str(out)], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return out


class Page(HTMLParser):
    """Links and anchors of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.links.append(value)
            elif name in {"id", "name"} and value:
                self.anchors.add(value)


def lost(folder: Path) -> Iterator[tuple[str, str]]:
    """Links that lead nowhere, with the page that they are on."""
    read = {path.resolve(): Page(path) for path in folder.rglob("*.html")}
    for path, page in read.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link.startswith("data:"):
                if parts.scheme not in {"https", "data", "mailto"} and "://" in link:
                    yield str(path.relative_to(folder)), link
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = read[target].anchors if target in read else None
            if not target.is_file() or (
                parts.fragment and anchors is not None and unquote(parts.fragment) not in anchors
            ):
                yield str(path.relative_to(folder)), link


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    assert [entry for entry in lost(site) if "search.html" not in entry[0] and entry[1] != "#"] == []
    assert len(list(site.rglob("*.html"))) > 20


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<p id="x"><a href="#y">1</a><a href="b.html">2</a><a href="#x">3</a></p>')
    (tmp_path / "c.html").write_text('<a href="a.html#x">1</a><a href="a.html#z">2</a><a href="http://plain/">3</a>')
    wrong = {("a.html", "#y"), ("a.html", "b.html"), ("c.html", "a.html#z"), ("c.html", "http://plain/")}
    assert set(lost(tmp_path)) == wrong


def test_both_languages_have_the_same_pages() -> None:
    have = [
        {str(path.relative_to(DOCS / language)) for path in (DOCS / language).rglob("*.md")} for language in LANGUAGES
    ]
    assert have[0] == have[1]


@pytest.mark.skipif(shutil.which("node") is None, reason="the splitter is a program for a browser; Node runs it too")
def test_a_question_is_split_as_the_index_is() -> None:
    texts = [
        "撤回",
        "撤回就是真没了。",
        "群 a group_1 和 P9：kill -9",
        "一",
        "令牌token过期",
        "",
        "Ünïcödé 断点续传，分毫不差",
    ]
    program = f"{JAVASCRIPT}\nconsole.log(JSON.stringify({json.dumps(texts)}.map(splitQuery)))"
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == [list(pieces(text)) for text in texts]
    assert list(pieces("断点续传 P4")) == ["断点", "点续", "续传", "P4"]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (on Debian: apt-get install chromium)")
@on_loop
async def test_the_search_finds_words_of_both_languages(site: Path) -> None:
    assert CHROMIUM is not None
    async with browsing(CHROMIUM) as tab:
        for language, questions in QUESTIONS.items():
            for question in questions:
                await tab.open(f"file://{site}/{language}/search.html?q={question}", 1280, 800)
                found = await tab.ask(FOUND)
                assert found, (language, question)
            await tab.open(f"file://{site}/{language}/search.html?q=龘靐齉", 1280, 800)
            assert await tab.ask(FOUND) == []


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (on Debian: apt-get install chromium)")
@on_loop
async def test_no_page_goes_beyond_the_side_of_a_phone(site: Path) -> None:
    assert CHROMIUM is not None
    async with browsing(CHROMIUM) as tab:
        for language in LANGUAGES:
            for path in sorted((site / language).rglob("*.html")):
                await tab.open(f"file://{path}", 390, 844)
                wide = await tab.ask("document.documentElement.scrollWidth")
                assert wide <= 390, path.relative_to(site)
                assert tab.complaints == [], path.relative_to(site)


def test_every_page_is_reached_and_says_what_it_is_about() -> None:
    for language in LANGUAGES:
        for path in (DOCS / language).rglob("*.md"):
            text = re.sub(r"<!--.*?-->\n*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            assert re.match(r"# \S", text), path
