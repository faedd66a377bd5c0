"""The admin socket: a Unix socket (mode 0600) through which the operator's CLI acts on the running server.

One JSON object a line in each direction. This is the end of whoever asks. It imports nothing of the server, whose
libraries would take longer to come than the answer; `serving` is the other end.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class AdminError(Exception):
    """The server refused, or there is none: a code of the protocol or `no_server`, and words for the operator."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.details = details or {}


def call(path: Path, act: str, timeout_s: float = 10.0, **fields: Any) -> dict[str, Any]:
    """Ask the running server, from a synchronous program. Raises `AdminError`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(timeout_s)
        try:
            channel.connect(str(path))
            channel.sendall(json.dumps({"act": act} | fields).encode() + b"\n")
            with channel.makefile("rb") as lines:
                answer = json.loads(lines.readline() or b"{}")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise AdminError("no_server", f"{path.absolute()}: {why}") from None
    if "ok" not in answer:
        raise AdminError(answer.get("error", "unavailable"), answer.get("message", ""), answer.get("details"))
    ok: dict[str, Any] = answer["ok"]
    return ok
