"""What is written about the wire is what the wire is: the schema, the tables, every example."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from chatd_protocol import PROTOCOL_VERSION, SUBPROTOCOLS, log, reference, schema
from chatd_protocol.catalogue import Changes
from chatd_protocol.codec import FORMAT_OF
from chatd_protocol.errors import CLOSES, ERRORS, should_reconnect
from chatd_protocol.kinds import BODIES
from chatd_protocol.ops import OPS
from chatd_protocol.schema import EVENTS
from chatd_protocol.values import PATTERN_WORDS
from tests.protocol.messages import check_message

FOLDER = Path(__file__).parents[2] / "protocol"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
AGAIN = "run `python -m chatd_protocol.schema`"


def test_the_schema_is_made_from_the_types_as_they_are() -> None:
    written = (FOLDER / "schema" / f"chatd.v{PROTOCOL_VERSION}.json").read_text(encoding="utf-8")
    assert written == schema.render(schema.schema()), AGAIN


def test_the_tables_of_the_readme_are_made_from_the_types_as_they_are() -> None:
    assert reference.fill_in(README) == README, AGAIN


def test_the_readme_has_every_table_and_the_schema_every_reference() -> None:
    assert set(re.findall(r"<!-- generated: (\w+) -->", README)) == set(reference.TABLES)
    text = schema.render(schema.schema())
    assert set(re.findall(r'"#/\$defs/(\w+)"', text)) <= set(json.loads(text)["$defs"])


def test_main_writes_both_files(tmp_path: Path) -> None:
    (tmp_path / "schema").mkdir()
    stale = re.sub(r"(?m)^\| `malformed` .*\n", "", README)
    (tmp_path / "README.md").write_text(stale, encoding="utf-8")
    schema.main(tmp_path)
    assert stale != README
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == README
    assert json.loads((tmp_path / "schema" / f"chatd.v{PROTOCOL_VERSION}.json").read_text(encoding="utf-8"))


def _examples() -> list[Any]:
    blocks = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [pytest.param(json.loads(line), id=f"{number}") for number, line in enumerate(lines, 1)]


@pytest.mark.parametrize("message", _examples())
def test_every_example_in_the_readme_is_a_message_of_the_wire(message: dict[str, Any]) -> None:
    assert check_message(message)


def test_the_readme_shows_every_kind_of_entry() -> None:
    shown = {check_message(example.values[0]) for example in _examples()}
    assert shown >= {kind.__struct_config__.tag for kind in get_args(log.Entry)}


@pytest.mark.parametrize("name", [*OPS, *ERRORS, *EVENTS, *SUBPROTOCOLS, *map(str, CLOSES)])
def test_every_name_is_in_the_readme(name: str) -> None:
    assert name in README


def test_every_link_inside_the_readme_leads_somewhere() -> None:
    titles = re.findall(r"(?m)^#+ (.*)$", README)
    anchors = {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]*)\)", README)) <= anchors
    for path in re.findall(r"\]\(([a-z_]+/[^)]*)\)", README):
        assert (FOLDER / path).exists(), path


def test_every_pattern_has_words() -> None:
    """A refusal says in words what was expected, never as a regular expression."""
    types = [*(op.request for op in OPS.values()), *BODIES.values(), Changes]
    _, components = msgspec.json.schema_components(types)
    patterns = set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(components)))
    assert {json.loads(pattern) for pattern in patterns} == set(PATTERN_WORDS)


def test_close_codes_say_by_range_whether_to_reconnect() -> None:
    for code, close in CLOSES.items():
        if code >= 4000:
            assert close.reconnect == (code < 4400), close
            assert 4000 <= code < 4200 or 4400 <= code < 4500
        assert should_reconnect(code) is close.reconnect
    assert should_reconnect(4099)
    assert not should_reconnect(4499)


def test_every_subprotocol_has_an_encoding() -> None:
    assert tuple(FORMAT_OF) == SUBPROTOCOLS
