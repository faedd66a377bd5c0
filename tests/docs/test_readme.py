"""Both READMEs: what they lead to is there, and they are the same in both languages. Their blocks: test_blocks.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.blocks import READMES, ROOT, blocks_of


@pytest.mark.parametrize("readme", READMES)
def test_every_path_and_place_that_the_readme_names_is_there(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link}
    assert len(links) > 15
    missing = [path for path in links if not (ROOT / path).exists()]
    assert missing == []
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


def test_both_readmes_show_the_same_lines() -> None:
    def lines(readme: str) -> list[str]:
        text = "\n".join(block.text for block in blocks_of(readme) if block.language in {"sh", "toml", "python"})
        kept = [line for line in text.splitlines() if not line.startswith("#")]
        return [re.sub(r"Ann|小安|Friends|朋友|Teapot|茶壶| --lang zh", "…", line).replace("…", "") for line in kept]

    assert lines(READMES[0]) == lines(READMES[1])


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "img").glob("*.svg")), ids=lambda path: path.stem)
def test_a_picture_is_used_and_loads_nothing(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    assert "://" not in re.sub(r"<text[^>]*>[^<]*</text>", "", text).replace("http://www.w3.org/2000/svg", "")
    assert is_used(picture)


def is_used(picture: Path) -> bool:
    """A page or a README shows it, or leads to it."""
    pages = [*(ROOT / readme for readme in READMES), *(ROOT / "docs").glob("*/*.md")]
    return any(f"img/{picture.name}" in page.read_text(encoding="utf-8") for page in pages)


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "img").glob("*.png")), ids=lambda path: path.stem)
def test_a_picture_of_the_page_is_used_and_is_not_large(picture: Path) -> None:
    assert is_used(picture)
    assert picture.stat().st_size < 200_000


def test_every_screen_is_shown_in_both_languages() -> None:
    names = {path.name for path in (ROOT / "docs" / "img").iterdir()} - {"chat.svg"}
    assert {re.sub(r"-(en|zh)\b", "", name) for name in names} >= {"run.svg", "top.svg", "doctor.svg", "help.svg"}
    assert {name.replace("-zh", "-en") for name in names if "-zh" in name} == {n for n in names if "-en" in n}


def test_a_picture_shows_a_refusal() -> None:
    assert "(not_mutual)" in (ROOT / "docs" / "img" / "chat.svg").read_text(encoding="utf-8")
