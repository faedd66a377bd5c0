"""What a server makes of the bytes of a request before it looks at any state, as a value that tests compare."""

from __future__ import annotations

from typing import NamedTuple

from chatd_protocol.codec import BadEnvelope, Format, Invalid, Malformed, decode_request, shape
from chatd_protocol.ops import OPS
from chatd_protocol.values import Data


class Outcome(NamedTuple):
    """`code` is a row of the error table, or "" for a request that has the right shape."""

    code: str
    re: int | None = None
    path: str | None = None
    problem: str | None = None
    op: str | None = None
    request: Data | None = None


def judge(payload: bytes, fmt: Format) -> Outcome:
    """Read one request. Whatever is raised beside the errors of the codec is a bug, and goes on to the caller."""
    try:
        envelope = decode_request(payload, fmt)
    except BadEnvelope as error:
        return Outcome("invalid", error.number, error.path, error.problem)
    except Malformed as error:
        return Outcome("malformed", problem=str(error))
    op = OPS.get(envelope.op)
    if op is None:
        return Outcome("unknown_op", envelope.id)
    try:
        request = shape(envelope.data, op.request)
    except Invalid as error:
        return Outcome("invalid", envelope.id, error.path, error.problem)
    return Outcome("", envelope.id, op=op.name, request=request)
