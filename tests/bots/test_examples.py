"""The example bots: each plays its dialogue, without a server and with one, and both times says the same."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from chatd_client.bots import Bot
from chatd_client.bots.testing import DialogueFailed, play
from chatd_client.bots.words import has_han
from tests.bots.house import house, in_loop, server_place

EXAMPLES: Final = Path(__file__).parents[2] / "clients" / "examples"
NAMES: Final = ("echo", "welcome", "shop", "digest")
ALL: Final = ("hello", *NAMES)
SCOPES: Final = ("read", "send", "react", "members")


def fresh(name: str) -> Bot:
    """The bot of an example, as nobody has changed it."""
    module: ModuleType = importlib.reload(
        importlib.import_module(f"examples.{name}" if name == "hello" else f"examples.bots.{name}")
    )
    bot: Bot = module.bot
    if name == "digest":
        bot.daily("20:00", per_group=True)(module.evening)
    return bot


def dialogue(name: str) -> Path:
    return EXAMPLES / ("" if name == "hello" else "bots") / f"{name}.dialogue"


@pytest.mark.parametrize("name", ALL)
@in_loop
async def test_an_example_says_without_a_server_what_its_dialogue_says(name: str, tmp_path: Path) -> None:
    await play(fresh(name), dialogue(name), folder=tmp_path)


@pytest.mark.parametrize("name", ALL)
@in_loop
async def test_an_example_says_the_same_to_a_real_server(name: str, store_url: str, tmp_path: Path) -> None:
    async with house(store_url, tmp_path) as server:
        await play(fresh(name), dialogue(name), await server_place(server, name, *SCOPES), folder=tmp_path)


@pytest.mark.parametrize("name", ALL)
@in_loop
async def test_a_dialogue_of_an_example_fails_when_the_bot_says_something_else(name: str) -> None:
    lines = dialogue(name).read_text(encoding="utf-8").splitlines()
    at = max(number for number, line in enumerate(lines) if line.startswith("bot") and ">" in line)
    changed = [*lines[:at], "bot> something that nobody says"]
    with pytest.raises(DialogueFailed, match=f"line {at + 1}"):
        await play(fresh(name), "\n".join(changed))
    left_out = [line for number, line in enumerate(lines) if number != at and not line.startswith("  ")]
    with pytest.raises(DialogueFailed):
        await play(fresh(name), "\n".join(left_out))


@pytest.mark.parametrize("file", sorted(EXAMPLES.rglob("*.py")), ids=lambda file: file.stem)
def test_an_example_says_in_both_languages_what_it_is(file: Path) -> None:
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    assert said
    assert has_han(said)
    assert len([word for word in said.split() if word.isascii()]) > 10


@pytest.mark.parametrize("name", ALL)
def test_an_example_helps_in_both_languages(name: str) -> None:
    for route in fresh(name).all_routes():
        if route.command is not None:
            en, zh = route.command.line("en"), route.command.line("zh")
            assert has_han(zh), route.command.names
            assert not has_han(en), route.command.names
