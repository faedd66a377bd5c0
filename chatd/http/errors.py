"""Refusals over HTTP: the code's status and a JSON body, from the one table of errors."""

from __future__ import annotations

import math
from typing import Any

import orjson
from litestar import Response

from chatd.core.refusal import Refused
from chatd_protocol.errors import ERRORS

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def answer(ok: dict[str, Any]) -> Response[bytes]:
    """What was asked for, as JSON that nobody keeps."""
    return Response(orjson.dumps(ok), status_code=200, media_type="application/json", headers=HEADERS)


def refuse(refusal: Refused) -> Response[bytes]:
    """`{"error": {code, message, retry_after?, details?}}`, as over the WebSocket."""
    kind = ERRORS[refusal.code]
    details = dict(refusal.details)
    retry_after = details.pop("retry_after", None)
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    headers = dict(HEADERS)
    if kind.retry:
        error["retry_after"] = 1.0 if retry_after is None else retry_after
        headers["Retry-After"] = str(math.ceil(error["retry_after"]))
    if details:
        error["details"] = details
    body = orjson.dumps({"error": error})
    return Response(body, status_code=kind.http_status, media_type="application/json", headers=headers)
