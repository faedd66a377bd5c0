"""Both languages say everything, and everything that a server can refuse has words."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from string import Formatter

import pytest
from prompt_toolkit.utils import get_cwidth

from chatd.cli import texts, typed
from chatd.cli.chat_commands import COMMANDS
from chatd.cli.chat_words import EN, TABLES, ZH, Lang, Words, lang_of
from chatd_protocol.errors import CLOSES, ERRORS


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_both_tables_have_the_same_keys() -> None:
    assert EN.keys() == ZH.keys()


@pytest.mark.parametrize("key", sorted(EN))
def test_both_texts_have_the_same_places(key: str) -> None:
    assert places(EN[key]) == places(ZH[key])


@pytest.mark.parametrize("lang", sorted(TABLES))
def test_every_error_and_every_final_end_has_words(lang: Lang) -> None:
    words = Words(lang)
    for code in ERRORS:
        assert words.choose(f"error_{code}", "none", message="m")
    for close in CLOSES.values():
        assert close.reconnect or words.choose(f"close_{close.name}", "none")
    assert words.choose("error_of_tomorrow", "error_other", message="why").endswith("why")


@pytest.mark.parametrize("lang", sorted(TABLES))
def test_help_fits_a_terminal_and_its_columns_are_straight(lang: Lang) -> None:
    lines = Words(lang).help(COMMANDS).split("\n")
    assert all(get_cwidth(line) <= 80 for line in lines)
    starts = {get_cwidth(line[: line.index("  /", 3)]) for line in lines if "  /" in line[3:]}
    assert len(starts) == 1


@pytest.mark.parametrize(
    ("environ", "lang"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh"}, "zh"),
    ],
)
def test_the_environment_chooses(environ: dict[str, str], lang: Lang) -> None:
    assert lang_of(environ) == lang


def test_no_two_nouns_have_the_same_command_or_text() -> None:
    for package, name in ((typed, "COMMANDS"), (texts, "TEXTS")):
        modules = [import_module(f"{package.__name__}.{module.name}") for module in iter_modules(package.__path__)]
        keys = [key for module in modules for key in getattr(module, name, ())]
        assert sorted(set(keys)) == sorted(keys)


def test_one_of_something_is_said_in_the_singular_and_what_people_wrote_is_not_touched() -> None:
    en, zh = Words("en"), Words("zh")
    assert en("opened", title="The 1 members", members=1, unread=0) == "── The 1 members · 1 member · 0 unread ──"
    assert en("opened", title="Tea", members=11, unread=1) == "── Tea · 11 members · 1 unread ──"
    assert (en("members_of", count="1"), en("members_of", count="1,001")) == ("1 member", "1,001 members")
    assert zh("members_of", count=1) == "1 人"
