"""The golden vectors of `protocol/vectors/`, read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chatd_protocol.codec import Format

FOLDER = Path(__file__).parents[2] / "protocol" / "vectors"
FILES = ("requests", "answers", "errors", "entries", "events", "bad")


def load(name: str) -> list[dict[str, Any]]:
    """The vectors of one file."""
    document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    vectors: list[dict[str, Any]] = document["vectors"]
    return vectors


def payloads(vector: dict[str, Any]) -> dict[Format, bytes]:
    """The bytes of a vector in each encoding that can express it."""
    found: dict[Format, bytes] = {}
    if "json" in vector:
        found["json"] = vector["json"].encode()
    elif "json_hex" in vector:
        found["json"] = bytes.fromhex(vector["json_hex"])
    if "msgpack" in vector:
        found["msgpack"] = bytes.fromhex(vector["msgpack"])
    return found
