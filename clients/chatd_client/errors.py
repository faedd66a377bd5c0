"""What can go wrong, as the caller sees it.

Three kinds and no more: the server refused one request (`ChatdError`), the client is closed for good (`ClientClosed`),
and, inside this package only, a connection ended under a request (`ConnectionLost`), after which the request is
repeated on the next connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chatd_protocol.errors import ERRORS


class ChatdError(Exception):
    """The server refused a request.

    `code` is a row of `chatd_protocol.errors.ERRORS`, or one that this version does not know; `retry_after` is in
    seconds; `details` says more, by code.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.details = dict(details or {})

    @property
    def retry(self) -> bool:
        """Whether the same request may succeed later by itself."""
        kind = ERRORS.get(self.code)
        return kind is not None and kind.retry


class ClientClosed(Exception):
    """The client is closed and does not come back: `close()` was called, or the server said not to reconnect.

    `code` is the close code (1000 after one's own `close()`), `reason` the word for it; `error` is what
    `session.hello` was answered, where that was the reason.
    """

    def __init__(self, code: int, reason: str, error: ChatdError | None = None) -> None:
        super().__init__(f"closed with {code} {reason}".rstrip())
        self.code = code
        self.reason = reason
        self.error = error


class ConnectionLost(Exception):
    """The connection ended before the answer came. Never leaves this package."""


def read_error(raw: Mapping[str, Any]) -> ChatdError:
    """The `error` of a response. Fields of the wrong type are taken as absent."""
    code, message, after, details = (raw.get(k) for k in ("code", "message", "retry_after", "details"))
    return ChatdError(
        code if isinstance(code, str) else "internal",
        message if isinstance(message, str) else "",
        float(after) if isinstance(after, int | float) else None,
        details if isinstance(details, dict) else None,
    )
