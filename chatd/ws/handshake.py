"""The opening handshake as a question and an answer: a parsed upgrade request in, the bytes of the response out.

RFC 6455 itself (key, version, tokens) is judged by websockets' `ServerProtocol`; paths, origins and subprotocols are
judged here. No sockets, no state.

Subprotocols: the first one the client names that we know is taken, none named means JSON. Naming only unknown ones is
refused with 400. RFC 6455 would allow going on without any, but browsers then drop the connection without a word,
and a client that speaks something else would only meet errors later.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

from websockets.datastructures import Headers
from websockets.exceptions import NegotiationError
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from chatd.hub.ports import Format
from chatd.ws.address import Headers as RawHeaders
from chatd.ws.origin import is_origin_allowed
from chatd_protocol import SUBPROTOCOLS

FRAME_LOGGER: Final = logging.getLogger("chatd.ws.frames")
"""Given to every `ServerProtocol`: at DEBUG it would log what people write, so it never is, whatever the root says."""
FRAME_LOGGER.setLevel(logging.ERROR)

_FORMATS: Final[dict[str, Format]] = {SUBPROTOCOLS[0]: "json", SUBPROTOCOLS[1]: "msgpack"}
_ECHO_PATH = "/echo"
_PATH = "/ws"


class Policy(NamedTuple):
    """What the operator decided about handshakes."""

    allowed_origins: tuple[str, ...]
    echo: bool


class Answer(NamedTuple):
    """What to write. A status other than 101 is a refusal; the connection then ends."""

    status: int
    response: bytes
    format: Format = "json"
    echo: bool = False


def answer_upgrade(method: str, target: str, http_version: str, headers: RawHeaders, policy: Policy) -> Answer:
    """Judge one request that asks for `Upgrade: websocket`. `target` is path and query; the query is not looked at."""
    protocol = ServerProtocol(select_subprotocol=_select_subprotocol, logger=FRAME_LOGGER)
    path = target.partition("?")[0]
    if path != _PATH and not (policy.echo and path == _ECHO_PATH):
        return _answer(protocol.reject(404, f"There is no WebSocket here; connect to {_PATH}.\n"))
    request = Request(target, _copy_headers(headers), method, f"HTTP/{http_version}")
    if refusal := _refuse_request(protocol, request.headers, policy):
        return _answer(refusal)
    response = protocol.accept(request)
    return _answer(response, _FORMATS[protocol.subprotocol or SUBPROTOCOLS[0]], path == _ECHO_PATH)


def refuse(status: int, text: str, retry_after_s: int | None = None) -> bytes:
    """A plain text response that ends the connection, as bytes."""
    response = ServerProtocol(logger=FRAME_LOGGER).reject(status, text)
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    return response.serialize()


def _answer(response: Response, fmt: Format = "json", echo: bool = False) -> Answer:
    return Answer(response.status_code, response.serialize(), fmt, echo)


def _refuse_request(protocol: ServerProtocol, headers: Headers, policy: Policy) -> Response | None:
    hosts, origins = headers.get_all("Host"), headers.get_all("Origin")
    if len(hosts) != 1:  # RFC 9112, section 3.2
        return protocol.reject(400, "There must be one Host header.\n")
    if len(origins) > 1:  # RFC 6454, section 7.3
        return protocol.reject(400, "There must not be more than one Origin header.\n")
    if "Transfer-Encoding" in headers or not set(headers.get_all("Content-Length")) <= {"0"}:
        return protocol.reject(400, "A handshake has no body.\n")
    if not is_origin_allowed(origins[0] if origins else None, hosts[0], policy.allowed_origins):
        return protocol.reject(403, "Pages of this origin may not connect (allowed_origins).\n")
    return None


def _copy_headers(headers: RawHeaders) -> Headers:
    copy = Headers()
    for name, value in headers:
        copy[name.decode("latin-1")] = value.decode("latin-1")
    return copy


def _select_subprotocol(protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    for subprotocol in offered:
        if subprotocol in _FORMATS:
            return subprotocol
    if offered:
        raise NegotiationError("unknown subprotocols; expected one of " + ", ".join(_FORMATS))
    return None
