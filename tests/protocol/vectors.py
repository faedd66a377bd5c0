"""The golden vectors of `protocol/vectors/`, read. `python -m tests.protocol.vectors` encodes those that were added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chatd_protocol.codec import Format, encode

FOLDER = Path(__file__).parents[2] / "protocol" / "vectors"
FILES = ("requests", "answers", "errors", "entries", "events", "bad")


def load(name: str) -> list[dict[str, Any]]:
    """The vectors of one file."""
    document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    vectors: list[dict[str, Any]] = document["vectors"]
    return vectors


def pasted() -> list[dict[str, Any]]:
    """What is found in pasted texts, for every recogniser: `found` is [kind, secret], or null."""
    return load("pasted")


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


def complete() -> None:
    """Encode the vectors that were added as a `value` only. What is there stays: it is golden."""
    for name in FILES:
        path = FOLDER / f"{name}.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        for vector in document["vectors"]:
            if "value" in vector:
                vector.setdefault("json", encode(vector["value"], "json").decode())
                vector.setdefault("msgpack", encode(vector["value"], "msgpack").hex())
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    complete()
