"""How a rule says no. It must not know transports: a code of the error table and what a caller may be told."""

from __future__ import annotations

from typing import Any

from chatd_protocol.errors import ERRORS


class Refused(Exception):
    """The command does not happen. `code` is a row of `chatd_protocol.errors.ERRORS`."""

    def __init__(self, code: str, message: str = "", **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or ERRORS[code].meaning
        self.details = details
