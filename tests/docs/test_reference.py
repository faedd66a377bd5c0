"""The reference pages say what the code says: nothing that exists is missing, and nothing else is on them."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from pathlib import Path

import pytest
from typer.main import get_command

from chatd.cli import app
from chatd.testing import running_server
from docs.reference import DOCS, LANGUAGES, Words
from docs.reference.cli import commands
from docs.reference.lines import line_of, with_lines
from docs.reference.pages import PAGES, render
from tests.e2e.town import on_loop

AGAIN = "run `.venv/bin/python -m docs.reference`"
CASES = [(language, page) for language in LANGUAGES for page in PAGES]


@pytest.mark.parametrize(("language", "page"), CASES)
def test_a_reference_page_is_made_from_the_code_as_it_is(language: str, page: str) -> None:
    written = (DOCS / language / "reference" / f"{page}.md").read_text(encoding="utf-8")
    assert written == render(page, Words(page, language)), AGAIN


@pytest.mark.parametrize("page", PAGES)
def test_every_sentence_of_a_reference_page_has_its_chinese_and_no_other_is_kept(page: str) -> None:
    words = Words(page, "zh")
    render(page, words)
    assert words.missing == [], f"its Chinese belongs into docs/reference/zh/{page}.toml"
    assert words.unused == []
    text = (Path(DOCS) / "zh" / "reference" / f"{page}.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "§" not in line]
    plain = [row for row in rows if not re.search(r"[\u4e00-\u9fff]", row)]
    assert plain == [], "a row without a word of Chinese"


def test_the_page_of_commands_has_every_command_and_every_option() -> None:
    page = (DOCS / "en" / "reference" / "cli.md").read_text(encoding="utf-8")
    names = [name for name, _ in commands()]
    assert {f"chatd {name}" for name in get_command(app).commands} <= set(names)  # type: ignore[attr-defined]
    for name, command in commands():
        assert re.search(rf"(?m)^#+ {name}$", page)
        for param in command.params:
            for option in param.opts if param.param_type_name == "option" else ():
                assert option in page, (name, option)


@on_loop
async def test_the_page_of_metrics_has_every_figure_of_a_running_server(tmp_path: Path) -> None:
    def scrape(url: str) -> str:
        with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:  # noqa: S310 - our own
            text: str = answer.read().decode()
        return text

    async with running_server(f"sqlite:///{tmp_path / 'chatd.db'}", search={"on": True}) as server:
        shown = await asyncio.to_thread(scrape, server.http_url)
    page = (DOCS / "en" / "reference" / "metrics.md").read_text(encoding="utf-8")
    figures = set(re.findall(r"(?m)^# TYPE (chatd_\w+)", shown))
    assert len(figures) > 20
    assert {figure for figure in figures if f"`{figure}`" not in page} == set()


def test_links_into_the_code_lead_to_the_lines_of_their_names() -> None:
    found = 0
    for path in DOCS.glob("*/*.md"):
        text = path.read_text(encoding="utf-8")
        assert with_lines(text, path.parent) == text, AGAIN
        found += len(re.findall(r"\.py#L\d+", text))
        assert not re.search(r"(?<!`)\]\([^)]*\.py#L", text), "a line is linked by a name in backticks"
    assert found


def test_a_line_is_found_by_the_name_of_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("X = 1\n\nclass A:\n    y: int = 2\n    async def f(self): ...\n")
    assert [line_of(name, tmp_path / "a.py") for name in ("X", "A", "A.y", "A.f")] == [1, 3, 4, 5]
    assert with_lines("[`A.f()`](a.py#L1)", tmp_path) == "[`A.f()`](a.py#L5)"
    with pytest.raises(KeyError):
        line_of("A.g", tmp_path / "a.py")
