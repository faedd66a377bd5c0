"""What `verify` finds has its code and its Chinese: none is missing, none is taken for another."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from chatd.cli.texts.problems import PROBLEMS, code_of, said_of
from chatd.store.verify_rows import MUST_BE_EMPTY
from tests.cli.program import Program
from tests.store.damage import DAMAGE
from tests.store.kit import Store
from tests.store.town import build_town

STORE: Final = Path(__file__).parents[2] / "chatd" / "store"
SAYS: Final = {"say", "_say", "_at_group", "_at_entry"}
CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")


def sentences() -> Iterator[str]:
    """What the store says of problems, with a number for what is filled in."""
    for problem in MUST_BE_EMPTY:
        yield problem.format("1", "2", "3")
    for path in sorted(STORE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (said := _last(node)) is not None:
                for text in _texts(said):
                    yield from _placed(path.stem, ast.unparse(node.func), text)


def _last(call: ast.Call) -> ast.expr | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    of_report = ast.unparse(call.func).endswith("report.problems.append")
    return call.args[-1] if call.args and (name in SAYS or of_report) else None


def _texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)]
    return []


def _placed(module: str, function: str, text: str) -> Iterator[str]:
    """As it comes out in the end: some parts only say what is wrong, and whoever asked them says where."""
    if text in {"group 7: 7", "group 7: entry 7 7"}:
        return
    of_entry = function == "self._at_entry" or (module == "replay_messages" and function == "self._say")
    inner = {"replay", "replay_floors", "replay_messages", "boards", "sections", "attribution"}
    if of_entry:
        yield f"group 7: entry 7 {text}"
    elif module in inner and not text.startswith("group "):
        yield f"group 7: {text}"
    else:
        yield text


def test_every_sentence_of_the_store_has_a_code_and_every_code_a_sentence() -> None:
    found = {text: code_of(text)[0] for text in sentences()}
    assert [text for text, code in found.items() if code == "other"] == []
    assert set(PROBLEMS) == set(found.values()) | {"state_differs"}, "and none that nothing says"


def test_every_sentence_is_known_with_its_values_and_said_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    for code, (english, _) in PROBLEMS.items():
        values = {name: f"{name}1" for name in re.findall(r"\{(\w+)\}", english)}
        problem = english.format(**values)
        assert code_of(problem) == (code, values)
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        assert said_of(problem) == problem
        monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
        said = said_of(problem)
        assert CHINESE.search(said), code
        assert [value for value in values.values() if value not in said] == [], code


def test_what_is_not_known_is_said_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert code_of("a new sentence") == ("other", {"words": "a new sentence"})
    assert said_of("a new sentence") == "a new sentence"


@pytest.mark.relaxed_durability
def test_verify_says_it_in_the_language_of_the_reader_and_by_codes(tmp_path: Path) -> None:
    program = Program(tmp_path)
    assert program.run("migrate").returncode == 0
    with Store(f"sqlite:///{program.database}") as store:
        build_town(store)
    with closing(sqlite3.connect(program.database)) as database, database:
        database.execute(DAMAGE["a hole in a log"][0])
    english, chinese = (program.run("verify", "--lang", lang) for lang in ("en", "zh"))
    assert (english.returncode, chinese.returncode) == (1, 1)
    assert "! group tea: entry 12 follows entry 10" in english.stdout
    assert "! 群 tea 第 12 条：前一条是 10" in chinese.stdout
    told: dict[str, Any] = orjson.loads(program.run("verify", "--json", "--lang", "zh").stdout)
    at = told["problems"].index("group tea: entry 12 follows entry 10")
    assert told["found"][at] == {"code": "entry_hole", "values": {"group": "tea", "pos": "12", "before": "10"}}
    assert len(told["found"]) == len(told["problems"])
