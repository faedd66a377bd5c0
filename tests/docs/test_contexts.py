"""The guide to bots names everything that a handler is given, of every context, in both languages."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Final

import pytest

from chatd_client import bots
from chatd_client.bots import Context
from tests.docs.blocks import ROOT

HEADINGS: Final = {"en": "## What a handler is given", "zh": "## 处理函数拿到的 `ctx`"}
CONTEXTS: Final = [one for one in vars(bots).values() if inspect.isclass(one) and issubclass(one, Context)]


def public(context: type[Context]) -> set[str]:
    """What this very class adds: methods, properties, and what its `__init__` sets."""
    tree = ast.parse(inspect.getsource(context))
    inside = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            inside.add(node.attr)
    own = {name for name in inside if not name.startswith("_")}
    return own if context is Context else own - public(Context)


def rows(lang: str) -> list[list[str]]:
    """The cells of the table."""
    page = (ROOT / "docs" / lang / "bots.md").read_text(encoding="utf-8")
    section = page.partition(HEADINGS[lang] + "\n")[2].partition("\n## ")[0]
    return [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]


def names(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)(?:\([^`]*\))?`", cell))


@pytest.mark.parametrize("lang", HEADINGS)
def test_everything_that_a_handler_is_given_is_in_the_table_and_nothing_else(lang: str) -> None:
    table = rows(lang)
    special = {row[0].strip("`"): names(row[1]) for row in table if row[0].endswith("Context`")}
    of_all = set().union(*(names(row[0]) for row in table if not row[0].endswith("Context`")))
    assert special == {one.__name__: public(one) for one in CONTEXTS if one is not Context}
    assert of_all == public(Context)
