"""What a page names in passing is there: commands, settings, files of the repository. (Blocks: `test_blocks`.)"""

from __future__ import annotations

import re
from typing import get_type_hints

import msgspec
import pytest

from chatd.config import Config
from docs.reference.cli import commands
from tests.docs.blocks import READMES, ROOT

PAGES = [
    *READMES,
    "CONTRIBUTING.md",
    *(str(path.relative_to(ROOT)) for lang in ("en", "zh") for path in sorted((ROOT / "docs" / lang).glob("*.md"))),
]
SETTINGS = {
    section: {field.name for field in msgspec.structs.fields(kind)} for section, kind in get_type_hints(Config).items()
}


def missing(text: str) -> list[str]:
    """What is named in `backquotes` and is not there."""
    known = {name for name, _ in commands()}
    named = re.findall(r"`(chatd [a-z]+(?: [a-z]+)?)(?![\w:])", text)  # `chatd writer:` begins a line of the log
    found = [name for name in named if not {name, " ".join(name.split()[:2])} & known]
    found += [f"[{section}]" for section in re.findall(r"`\[(\w+)\]", text) if section not in SETTINGS]
    settings = re.findall(r"`\[(\w+)\] (\w+)", text)
    found += [f"[{section}] {key}" for section, key in settings if key not in SETTINGS.get(section, ())]
    places = re.findall(r"`((?:bench|chatd|clients|deploy|docs|protocol|tests)/[\w./-]+)`", text)
    return found + [place for place in places if not (ROOT / place).exists()]


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_in_passing_is_there(page: str) -> None:
    assert missing((ROOT / page).read_text(encoding="utf-8")) == []


def test_what_is_not_there_is_found() -> None:
    text = (
        "`chatd brew tea`, `chatd user list`, `[teapot]`, `[server] prot`, `[server] port`, `docs/tea.md`, `docs/img`"
    )
    assert missing(text) == ["chatd brew tea", "[teapot]", "[server] prot", "docs/tea.md"]
