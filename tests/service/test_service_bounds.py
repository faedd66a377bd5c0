"""What is checked and made of a request before it becomes a proposal."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.service.author import DIGEST_BYTES, Digester
from chatd.service.bounds import Narrowed
from chatd.service.commands import COMMANDS
from chatd_protocol.codec import Invalid, shape
from chatd_protocol.ops import OPS

GROUP, USER, CID = "g" + "x" * 20, "u" + "x" * 20, "AAECAwQFBgcICQoLDA0ODA"
NARROW = Narrowed(text_max=10, title_max=5, add_max=2, history_page_max=20, list_page_max=30)


def request_of(op: str, **data: Any) -> Any:
    return shape(data, OPS[op].request)


@pytest.mark.promise("P8", "sizes")
@pytest.mark.parametrize("op", ["message.history", "group.members", "reaction.list", "follow.list", "group.list"])
def test_a_page_size_that_was_left_open_is_lowered_and_one_that_was_named_is_refused(op: str) -> None:
    names = {"group": GROUP} if op in ("message.history", "group.members", "reaction.list") else {}
    names |= {"pos": 1} if op == "reaction.list" else {}  # type: ignore[dict-item]
    most = NARROW.history_page_max if op == "message.history" else NARROW.list_page_max
    assert NARROW.check(op, request_of(op, **names)).limit == most
    assert NARROW.check(op, request_of(op, **names, limit=most)).limit == most
    with pytest.raises(Invalid) as refusal:
        NARROW.check(op, request_of(op, **names, limit=most + 1))
    assert refusal.value.path == "$.data.limit"
    assert str(most) in refusal.value.problem


def test_every_command_has_a_proposal_and_every_op_in_the_bounds_exists() -> None:
    assert set(COMMANDS) == {op.name for op in OPS.values() if op.command}


@pytest.mark.promise("P2", "conflict")
def test_digests_tell_requests_apart_and_cannot_be_made_without_the_key() -> None:
    send = {"group": GROUP, "cid": CID, "kind": "text", "body": {"text": "hello"}}
    digester = Digester(b"k" * 32)
    one = digester.digest("message.send", request_of("message.send", **send))
    assert len(one) == DIGEST_BYTES
    assert digester.digest("message.send", request_of("message.send", **send)) == one
    others = [
        digester.digest("message.send", request_of("message.send", **send | {"body": {"text": "hell0"}})),
        digester.digest("message.send", request_of("message.send", **send | {"reply_to": 1})),
        digester.digest("follow.add", request_of("follow.add", user=USER, cid=CID)),
        digester.digest("follow.remove", request_of("follow.remove", user=USER, cid=CID)),
        Digester(b"l" * 32).digest("message.send", request_of("message.send", **send)),
    ]
    assert len({one, *others}) == 1 + len(others)
