"""Whatever comes in gets the error or the close code of the table, alike in both encodings, and nothing half done."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgpack
import pytest

from chatd_protocol.codec import FORMAT_OF, Format, encode
from chatd_protocol.errors import ERRORS
from chatd_protocol.ops import OPS
from tests.e2e.hostile import SEARCHING, Mutants, ends_it, request_of, takes_cid, world_of
from tests.e2e.phone import PATIENCE_S, Phone
from tests.e2e.town import Town, living_town, on_loop
from tests.protocol.judge import judge
from tests.protocol.mutations import ODD_VALUES

FORMATS: tuple[Format, ...] = tuple(FORMAT_OF.values())
DEEP = 5000

MALFORMED: dict[Format, dict[str, bytes]] = {
    "json": {
        "nothing": b"",
        "not JSON": b"hello",
        "cut": b'{"id":1,"op":"group.list"',
        "two values": b'{"id":1,"op":"group.list"}{}',
        "a list": b"[]",
        "a number": b"1",
        "null": b"null",
        "no id": b'{"op":"group.list"}',
        "id is zero": b'{"id":0,"op":"group.list"}',
        "id is negative": b'{"id":-1,"op":"group.list"}',
        "id is a float": b'{"id":1.0,"op":"group.list"}',
        "id is true": b'{"id":true,"op":"group.list"}',
        "id is text": b'{"id":"1","op":"group.list"}',
        "id is huge": b'{"id":9007199254740992,"op":"group.list"}',
        "id is beyond 64 bits": b'{"id":18446744073709551616,"op":"group.list"}',
        "NaN": b'{"id":1,"op":"group.list","data":{"limit":NaN}}',
        "Infinity": b'{"id":1,"op":"group.list","data":{"limit":-Infinity}}',
        "lone surrogate": b'{"id":1,"op":"group.list","data":{"after":"\\ud800"}}',
        "lone surrogate as a key": b'{"id":1,"op":"group.list","data":{"\\udfff":1}}',
        "control character": b'{"id":1,"op":"group.list","data":{"after":"\x01"}}',
        "deep": b"[" * DEEP + b"]" * DEEP,
        "deep in data": b'{"id":1,"op":"group.list","data":{"x":' + b"[" * DEEP + b"]" * DEEP + b"}}",
        "byte order mark": b'\xef\xbb\xbf{"id":1,"op":"group.list"}',
    },
    "msgpack": {
        "nothing": b"",
        "not a map": b"\x01",
        "a list": b"\x90",
        "nil": b"\xc0",
        "unused type": b"\xc1",
        "cut": msgpack.packb({"id": 1, "op": "group.list"})[:-1],
        "two values": msgpack.packb({"id": 1, "op": "group.list"}) + b"\x80",
        "no id": msgpack.packb({"op": "group.list"}),
        "id is zero": msgpack.packb({"id": 0, "op": "group.list"}),
        "id is negative": msgpack.packb({"id": -1, "op": "group.list"}),
        "id is a float": msgpack.packb({"id": 1.0, "op": "group.list"}),
        "id is true": msgpack.packb({"id": True, "op": "group.list"}),
        "id is huge": msgpack.packb({"id": 2**53, "op": "group.list"}),
        "integer keys": msgpack.packb({1: 1}),
        "binary keys": msgpack.packb({b"id": 1, b"op": b"group.list"}),
        "text that is not UTF-8": b"\x82\xa2id\x01\xa2op\xa2\xff\xfe",
        "lone surrogate": b"\x83\xa2id\x01\xa2op\xaagroup.list\xa4data\x81\xa5after\xa3\xed\xa0\x80",
        "map that claims 4 billion": b"\xdf\xff\xff\xff\xff",
        "list that claims 4 billion": b"\x83\xa2id\x01\xa2op\xaagroup.list\xa4data\xdd\xff\xff\xff\xff",
        "text that claims 4 GB": b"\x82\xa2id\x01\xa2op\xdb\xff\xff\xff\xff",
        "binary that claims 4 GB": b"\x82\xa2id\x01\xa2op\xc6\xff\xff\xff\xff",
        "deep": b"\x91" * DEEP + b"\xc0",
        "deep in data": b"\x83\xa2id\x01\xa2op\xaagroup.list\xa4data\x81\xa1x" + b"\x91" * DEEP + b"\xc0",
    },
}


@pytest.mark.promise("P8", "malformed")
@pytest.mark.parametrize("fmt", FORMATS)
async def test_what_is_no_request_ends_the_connection_and_nothing_before_it(town: Town, fmt: Format) -> None:
    ann = await town.person("ann", fmt=fmt)
    group = await town.group_of(ann)
    for number, (what, payload) in enumerate(MALFORMED[fmt].items()):
        before = ann.send("message.send", group=group, cid=f"{number:021d}A", kind="text", body={"text": what})
        ann.write_raw(payload)
        ann.send("message.send", group=group, cid=f"{number:021d}Q", kind="text", body={"text": "never"})
        assert await ann.closed() == 4400, what
        ann = await town.phone_of(ann.sub, "phone", fmt)
        repeated = {"group": group, "cid": f"{number:021d}A", "kind": "text", "body": {"text": what}}
        sent = await ann.ask("message.send", **repeated)
        assert sent["seq"] == number + 1, "what was sent before it still counts, what came behind does not"
        assert before.cancelled() or before.result()["ok"] == sent


def envelopes() -> list[Any]:
    """Envelopes that have an id to answer to and are wrong in something else."""
    odd = [value for value in ODD_VALUES if not isinstance(value, dict)]
    return [
        *({"id": 7, "op": value} for value in ODD_VALUES if not isinstance(value, str)),
        *({"id": 7, "op": "group.list", "data": value} for value in odd),
        {"id": 7},
        {"id": 7, "op": "group.list", "extra": 1},
        {"id": 7, "op": "group.list", "data": {}, "re": 7},
        {"id": 7, "op": "group.list", "data": {}, "": 0},
        {"id": 7, "op": ""},
        {"id": 7, "op": "GROUP.LIST"},
        {"id": 7, "op": "group.list\x00"},
        {"id": 7, "op": "x" * 30_000},
    ]


@pytest.mark.promise("P8", "malformed")
@pytest.mark.parametrize("fmt", FORMATS)
async def test_an_envelope_with_an_id_is_answered(town: Town, fmt: Format) -> None:
    ann = await town.person("ann", fmt=fmt)
    for value in envelopes():
        await _check_answer(ann, value)
    await ann.settle()


async def _check_answer(phone: Phone, request: dict[str, Any]) -> dict[str, Any]:
    """The answer is the one that the shape of the request calls for, and says so in bounded, printable words."""
    expected = judge(encode(request, phone.format), phone.format)
    assert ends_it(expected) is None, request
    future = phone._waiting[request["id"]] = asyncio.get_running_loop().create_future()
    phone.write(request)
    response: dict[str, Any] = await asyncio.wait_for(future, PATIENCE_S)
    error = response["error"]
    assert (error["code"], error.get("details", {}).get("path")) == (expected.code, expected.path), request
    assert error["code"] in ERRORS
    assert len(str(error)) < 1000
    assert error["message"].isprintable()
    return response


def mistakes(op: str, good: dict[str, Any]) -> list[dict[str, Any]]:
    """Data with one mistake each: a field too many, one too few, one of another type or beyond its bound."""
    wrong = [good | {"zzz": 1}, good | {"Group": 1}, good | {"": None}]
    wrong += [{k: v for k, v in good.items() if k != name} for name in good]
    wrong += [good | {name: value} for name in good for value in ODD_VALUES]
    wrong += [good | {name: [value]} for name in ("users", "subs", "mine") if name in good for value in ODD_VALUES]
    if "body" in good:
        wrong += [good | {"body": {"text": value}} for value in ODD_VALUES]
        wrong += [good | {"body": {"text": "x", "html": "x"}}, good | {"body": {}}]
        wrong += [good | {"body": {"text": "xx", "entities": [value]}} for value in ODD_VALUES]
        wrong += [good | {"kind": "x-y", "body": value} for value in ODD_VALUES]
        wrong += [good | {"kind": "x-y", "body": {"alt": "x", "data": {"v": value}}} for value in ODD_VALUES]
    if "heads" in good:
        wrong += [good | {"heads": {key: [1, 2]}} for key in ("", "x", "u" + "x" * 20)]
        wrong += [good | {"heads": {f"g{n:020d}": [1, 2] for n in range(1001)}}]
    return wrong


@pytest.mark.promise("P8", "fields")
@pytest.mark.parametrize("op", sorted(set(OPS) - {"session.hello"}))
async def test_every_mistake_in_every_field_is_named_alike_in_both_encodings(town: Town, op: str) -> None:
    worlds = [await world_of(town, fmt) for fmt in FORMATS]
    phone, requests = worlds[0]
    packed = await town.phone_of(phone.sub, "packed", "msgpack")
    checked = 0
    for number, data in enumerate(mistakes(op, requests[op]), 1000):
        request = {"id": number, "op": op, "data": data}
        if takes_cid(op) and "cid" not in data:
            request["data"] = {"cid": "AAECAwQFBgcICQoLDA0ODA"} | data
        if not judge(encode(request, "json"), "json").code:
            continue  # an odd value can be a good one: for a text, say
        responses = [await _check_answer(device, request) for device in (phone, packed)]
        assert responses[0] == responses[1]
        checked += 1
    assert checked > 2
    for device in (phone, packed):
        await device.settle()


@pytest.mark.promise("P8", "fields")
@pytest.mark.parametrize("fmt", FORMATS)
async def test_mistakes_in_hello_leave_room_for_a_right_one(town: Town, fmt: Format) -> None:
    _, requests = await world_of(town, fmt)
    phone = await town.dial(fmt)
    for number, data in enumerate(mistakes("session.hello", requests["session.hello"]), 1000):
        request = {"id": number, "op": "session.hello", "data": data}
        if judge(encode(request, "json"), "json").code:
            await _check_answer(phone, request)
    await phone.say_hello(town.server.token("late.comer"))
    await phone.settle()


@pytest.mark.promise("P8", "state")
@pytest.mark.parametrize("fmt", FORMATS)
async def test_nothing_is_understood_before_hello_and_hello_only_once(town: Town, fmt: Format) -> None:
    ann, requests = await world_of(town, fmt)
    phone = await town.dial(fmt)
    before = town.server.hub.entries
    for number, op in enumerate(sorted(OPS), 1):
        if op == "session.hello":
            continue
        future = phone._waiting[number] = asyncio.get_running_loop().create_future()
        phone.write(request_of(op, requests[op], number))
        response = await asyncio.wait_for(future, PATIENCE_S)
        assert response["error"]["code"] == "wrong_state", op
    assert town.server.hub.entries == before, "nothing happened"
    await phone.say_hello(town.server.token(ann.sub), "second")
    assert (await phone.denied("session.hello", token=town.server.token(ann.sub), device="third")).code == "wrong_state"
    await phone.settle()
    await ann.settle()


@pytest.mark.promise("P8", "state")
async def test_frames_of_the_other_kind_end_the_connection(town: Town) -> None:
    text, binary = await town.person("ann", fmt="json"), await town.person("bob", fmt="msgpack")
    text.format, binary.format = "msgpack", "json"
    text.write_raw(msgpack.packb({"id": 1, "op": "group.list"}))
    binary.write_raw(b'{"id":1,"op":"group.list"}')
    for phone in (text, binary):
        assert await phone.closed() == 1003
    ann = await town.person("ann")
    ann.write_raw(b'{"id":1,"op":"\xff"}')
    assert await ann.closed() == 1007


@pytest.mark.promise("P8", "fields")
async def test_fields_that_do_not_fit_together_are_named(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("group.create", {"kind": "private"}, "$.data.title"),
        ("group.create", {"kind": "private", "title": "x", "user": bob.user}, "$.data.user"),
        ("group.create", {"kind": "direct"}, "$.data.user"),
        ("group.create", {"kind": "direct", "user": bob.user, "title": "x"}, "$.data.title"),
        ("group.create", {"kind": "direct", "user": bob.user, "limit": 5}, "$.data.limit"),
        ("group.create", {"kind": "direct", "user": ann.user}, "$.data.user"),
        ("group.update", {"group": group}, "$.data"),
        ("member.add", {"group": group, "users": [bob.user, bob.user]}, "$.data.users"),
        ("follow.add", {"user": ann.user}, "$.data.user"),
        ("block.add", {"user": ann.user}, "$.data.user"),
    ]
    for op, data, path in cases:
        refusal = await ann.denied(op, cid="AAECAwQFBgcICQoLDA0ODA", **data)
        assert (refusal.code, refusal.details["path"]) == ("invalid", path), (op, data)
    await ann.say(group, "the cid is still free", cid="AAECAwQFBgcICQoLDA0ODA")


@on_loop
@pytest.mark.promise("P8", "mutants")
async def test_mutated_requests_get_what_their_shape_calls_for(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, **SEARCHING) as town:
        for fmt in FORMATS:
            mutants = Mutants(town, fmt, seed=1)
            await mutants.send(1500)
            assert {"", "invalid", "unknown_op", "not_found", "wrong_state"} <= set(mutants.seen)
            assert set(mutants.seen) <= {
                "",
                *ERRORS,
                "closed with 4400",
                "closed with 1007",
                "closed with 4401",
                "closed with 4402",
            } - {"internal"}
