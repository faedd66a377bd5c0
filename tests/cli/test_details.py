"""What the server says of a mistake has its Chinese: nothing that an act, a rule or the settings say is missing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from chatd.admin.socket import AdminError
from chatd.cli.answers import words_of
from chatd.cli.texts.details import in_chinese
from chatd.cli.texts.errors import TEXTS
from chatd_protocol.errors import ERRORS

ROOT: Final = Path(__file__).parents[2] / "chatd"
RAISED: Final = {"Refused": 1, "Invalid": 1, "TypeError": 0, "ValueError": 0, "Held": 0, "StoreLost": 0}
"""What is raised with words for the operator, and which argument they are."""
OF_CLIENTS: Final = frozenset(
    {
        *("boards", "chats", "contacts", "forwards", "mentions", "messages", "profiles", "requests", "search"),
        *("sections", "titles", "bounds", "limits"),
    }
)
"""Nouns that the operator's acts do not touch; what they say goes to clients only."""
CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")


def said_in(path: Path) -> Iterator[str]:
    """The sentences that a module raises, with `x` for what is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED:
            words = node.args[RAISED[node.func.id] :][:1]
            if words and re.search("[a-z]{3}", text := _text_of(words[0])):
                yield text


def _text_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        # A number fits where a name or a number may stand.
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    return ""


def modules() -> list[Path]:
    acts = sorted((ROOT / "admin").glob("*.py"))
    rules = [path for part in ("core", "service") for path in sorted((ROOT / part).glob("*.py"))]
    return acts + [path for path in rules if path.stem not in OF_CLIENTS] + [ROOT / "store" / "lock.py"]


def test_every_sentence_of_an_act_or_a_rule_has_its_chinese() -> None:
    sentences = [(path.name, text) for path in modules() for text in said_in(path)]
    assert len(sentences) > 60, "they are found"
    assert [one for one in sentences if not CHINESE.search(in_chinese(one[1]) or "")] == []


def test_every_code_has_its_chinese() -> None:
    assert [code for code in ERRORS if f"error_{code}" not in TEXTS and code != "other"] == []


@pytest.mark.parametrize(
    ("code", "message", "english", "chinese"),
    [
        ("not_found", "", "there is no such thing, or it is not for you to see", "不存在，或你无权看到"),
        ("not_found", "There is no such person: kai", "There is no such person: kai", "没有这个人：kai"),
        (
            "invalid",
            "`limit`: Expected `int` <= 9",
            "that is not valid: `limit`: Expected `int` <= 9",
            "limit：应 <= 9",
        ),
        ("forbidden", "Somebody who is banned is not let in", "Somebody who is banned is not let in", "此人已被封禁"),
        ("internal", "a new sentence", "a new sentence", "服务器出错了：a new sentence"),
    ],
)
def test_a_refusal_is_told_once_and_by_what_was_said_of_it(
    code: str, message: str, english: str, chinese: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = AdminError(code, message or ERRORS[code].meaning)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert words_of(error) == english
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert chinese in words_of(error)


def test_a_limit_is_told_with_its_name_and_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    error = AdminError("limit", ERRORS["limit"].meaning, {"bound": "group_limit", "max": 500})
    for lang in ("C.UTF-8", "zh_CN.UTF-8"):
        monkeypatch.setenv("LC_ALL", lang)
        assert "group_limit 500" in words_of(error)
