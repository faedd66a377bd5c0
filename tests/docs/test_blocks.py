"""Every block of every page is tried: lines and programs are run, settings are loaded, output is compared."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.docs.blocks import MARKS, Block, blocks_in, blocks_of, logical_lines, pages
from tests.docs.checks import CHECKS
from tests.docs.reader import read_page

UP = {"is running": "已启动"}
"""What a program says once it is up, where it says it in the reader's language."""


@pytest.mark.parametrize("page", pages())
def test_what_a_page_says_can_be_done_from_top_to_bottom(page: str, tmp_path: Path) -> None:
    reader = asyncio.run(read_page(blocks_of(page), tmp_path, "zh" if "zh" in page else "en"))
    if reader.left_out:
        pytest.skip("all but what needs " + "; ".join(reader.left_out))


@pytest.mark.parametrize("page", pages())
def test_a_block_that_does_not_run_says_why_and_how_it_is_tried(page: str) -> None:
    for block in blocks_of(page):
        marked = re.match(r"(not|stays|ends)\b", block.mark) is not None
        assert marked == any(kind.fullmatch(block.mark) for kind in MARKS), (page, block.line)
        assert block.check is None or block.check in CHECKS, (page, block.line)


def test_both_languages_show_the_same_blocks() -> None:
    def shown(page: str) -> list[tuple[str, str | None, int]]:
        """Texts may be in the language of the page: kinds, marks and numbers of lines are the same."""
        return [(b.language, b.check or b.stays, len(list(logical_lines(b.text)))) for b in blocks_of(page)]

    def translated(blocks: list[tuple[str, str | None, int]]) -> list[tuple[str, str | None, int]]:
        return [(language, UP.get(mark, mark) if mark else mark, lines) for language, mark, lines in blocks]

    english = [page for page in pages() if page.startswith("docs/en/")]
    assert english
    for page in english:
        assert translated(shown(page)) == shown(page.replace("/en/", "/zh/")), page


WHY = "it wants root and a name"
WRONG = {
    "a line that fails": "```sh\nfalse\n```",
    "a language that nobody tries": "```ruby\nputs 1\n```",
    "no language": "```\nls\n```",
    "a program that nothing runs": "```python\n# a.py\nprint(1)\n```",
    "a program that is not saved": "```python\nprint(1)\n```",
    "a setting that is none": "```toml\n[server]\nprot = 1\n```",
    "output that was not shown": "```sh\necho a\n```\n```text\nb\n```",
    "output in another order": "```sh\nprintf 'a\\nb\\n'\n```\n```text\nb\na\n```",
    "a verb that make has not": "```sh\nmake coffee\n```",
    "no reason": "<!-- not run: ; checked: shell -->\n```sh\nreboot\n```",
    "a wrong nginx": f"<!-- not run: {WHY}; checked: nginx -->\n```nginx\nserver {{ lisen 80; }}\n```",
    "a wrong unit": f"<!-- not run: {WHY}; checked: systemd -->\n```ini\n[Service]\nExecStart=/x\n[Wrong]\n```",
    "no such figure": f"<!-- not run: {WHY}; checked: prometheus -->\n```yaml\ngroups: [{{expr: chatd_x}}]\n```",
}


@pytest.mark.parametrize("page", WRONG.values(), ids=WRONG.keys())
def test_a_page_that_is_wrong_fails(page: str, tmp_path: Path) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever the wrong thing raises
        asyncio.run(read_page(list(blocks_in(page + "\n")), tmp_path))
    assert isinstance(raised.value, AssertionError | KeyError | ExceptionGroup) or "setting" in str(raised.value)


def test_what_varies_is_written_as_an_ellipsis(tmp_path: Path) -> None:
    page = '```sh\nA=1\necho "$A: now"\n```\n```text\n1: …w\n```\n'
    assert asyncio.run(read_page(list(blocks_in(page)), tmp_path)).ran == ["A=1", 'echo "$A: now"', "1: now"]


def test_lines_are_put_together_as_a_shell_does() -> None:
    text = "# why\na \\\n  b\ncat > x <<'END'\n# in it\nEND\nc\n"
    assert list(logical_lines(text)) == ["a \\\n  b", "cat > x <<'END'\n# in it\nEND", "c"]


def test_a_mark_belongs_to_the_block_below_it() -> None:
    marked, plain = blocks_in("<!-- stays: up -->\n```sh\na\n```\n\n```sh\nb\n```\n")
    assert marked == Block("sh", "a\n", 2, "stays: up")
    assert plain.stays is None
