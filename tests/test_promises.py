"""Every promise has a test on every path that it must hold on, and no test claims a path that nobody promised.

The markers are read from the sources, so that it does not matter which tests are run; in a run of the whole tree it is
also checked that the marked tests are really collected.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.promises import PROMISES

TESTS = Path(__file__).parent


class Claim(NamedTuple):
    """One path in one marker."""

    where: str
    promise: str
    path: str


def claims_of(source: str, where: str) -> Iterator[Claim]:
    """What the tests of one file are marked with."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                yield from _claims_in(decorator, f"{where}::{node.name}")
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            yield from _claims_in(node.value, where)


def _claims_in(expression: ast.expr, where: str) -> Iterator[Claim]:
    for call in ast.walk(expression):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("mark.promise"):
            name, *paths = [ast.literal_eval(argument) for argument in call.args]
            yield from (Claim(where, name, path) for path in paths or [""])


def all_claims() -> list[Claim]:
    files = sorted(TESTS.rglob("test_*.py"))
    return [claim for file in files for claim in claims_of(file.read_text(), str(file.relative_to(TESTS)))]


def test_every_path_of_every_promise_has_a_test() -> None:
    claimed = {(claim.promise, claim.path) for claim in all_claims()}
    promised = {(name, path) for name, promise in PROMISES.items() for path in promise.paths}
    assert sorted(promised - claimed) == []


def test_no_test_names_a_path_that_is_not_promised() -> None:
    strange = [c for c in all_claims() if c.promise not in PROMISES or c.path not in PROMISES[c.promise].paths]
    assert strange == []


def test_every_path_is_explained() -> None:
    for name, promise in PROMISES.items():
        assert promise.says.endswith("."), name
        for path, words in promise.paths.items():
            assert len(words) > 10, (name, path)


def test_the_marked_tests_are_collected(request: pytest.FixtureRequest) -> None:
    items = request.session.items
    collected = {item.path for item in items}
    missing = {file for file in TESTS.rglob("test_*.py") if file.resolve() not in collected}
    options = request.config.option
    if missing or options.keyword or options.markexpr or any("::" in argument for argument in request.config.args):
        pytest.skip("only a run of the whole tree shows what is collected")
    held = {
        (marker.args[0], path)
        for item in items
        if not any(item.iter_markers("skip"))
        for marker in item.iter_markers("promise")
        for path in marker.args[1:]
    }
    promised = {(name, path) for name, promise in PROMISES.items() for path in promise.paths}
    assert sorted(promised - held) == []
    assert sorted(held - promised) == []


EXAMPLE = """
@pytest.mark.promise("P1", "a", "b")
@pytest.mark.parametrize("x", [1])
async def test_one(x): ...

class TestMore:
    @pytest.mark.promise("P2")
    def test_two(self): ...
"""


def test_markers_are_found_in_sources() -> None:
    assert list(claims_of(EXAMPLE, "f")) == [
        Claim("f::test_one", "P1", "a"),
        Claim("f::test_one", "P1", "b"),
        Claim("f::test_two", "P2", ""),
    ]
