"""The yardstick: the same path as the server's, without its rules. Not a server to run.

One process parses WebSocket frames and fans out, another commits. Nobody is authenticated (a token names a user and the
number of a group, and is believed), nothing is bounded, slow readers are not handled. What is there is what any server
with the same promises has to pay: a Sans-I/O WebSocket, a look-up of every `cid`, dense numbers, one durable commit for
all that arrived while the last one ran, and after it one joined write per session. It must not import `chatd`.

    python -m bench.sketch --port 7000 --db sketch.db
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import marshal
import os
import socket
import sqlite3
import struct
import time
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson
import uvloop
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

SCHEMA = """
CREATE TABLE IF NOT EXISTS heads (grp INTEGER PRIMARY KEY, pos INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS entries (
    grp INTEGER NOT NULL, pos INTEGER NOT NULL, sender TEXT NOT NULL, cid TEXT NOT NULL, at INTEGER NOT NULL,
    text TEXT NOT NULL, PRIMARY KEY (grp, pos), UNIQUE (grp, sender, cid)) STRICT;
"""
KNOWN = """
SELECT e.grp, e.sender, e.cid, e.pos, e.at FROM json_each(?) AS j CROSS JOIN entries AS e
WHERE e.grp = j.value ->> 0 AND e.sender = j.value ->> 1 AND e.cid = j.value ->> 2
"""
HEADS = "SELECT grp, pos FROM heads WHERE grp IN (SELECT value FROM json_each(?))"
SET_HEAD = "INSERT INTO heads VALUES (?, ?) ON CONFLICT (grp) DO UPDATE SET pos = excluded.pos"
SUBPROTOCOLS = [Subprotocol("chatd.v1.json")]
LENGTH = struct.Struct("!I")
QUIET = logging.getLogger("bench.sketch")
QUIET.setLevel(logging.ERROR)

Proposal = tuple[int, str, str, str]
"""Group, sender, cid, text."""
Verdict = tuple[int, int, bool]
"""Position, time in ms, whether it is new (a known `cid` gets its first answer and no fan-out)."""


class Send(NamedTuple):
    session: Session
    request_id: int
    proposal: Proposal


# --- the writer process ---------------------------------------------------------------------------------------------


def open_database(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536", "wal_autocheckpoint=1000"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    db.executescript(SCHEMA)
    return db


def commit_batch(db: sqlite3.Connection, batch: list[Proposal], now_ms: int) -> list[Verdict]:
    """Decide and store a batch in one durable transaction; the verdicts are in the order of the batch."""
    db.execute("BEGIN IMMEDIATE")
    asked = orjson.dumps([(group, sender, cid) for group, sender, cid, _ in batch]).decode()
    known = {row[:3]: row[3:] for row in db.execute(KNOWN, (asked,)).fetchall()}
    touched = orjson.dumps(list({proposal[0] for proposal in batch})).decode()
    heads = dict(db.execute(HEADS, (touched,)).fetchall())
    rows, verdicts = [], []
    for group, sender, cid, text in batch:
        earlier = known.get((group, sender, cid))
        if earlier is not None:
            verdicts.append((*earlier, False))
            continue
        pos = heads[group] = heads.get(group, 0) + 1
        rows.append((group, pos, sender, cid, now_ms, text))
        known[group, sender, cid] = (pos, now_ms)
        verdicts.append((pos, now_ms, True))
    db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", rows)
    db.executemany(SET_HEAD, heads.items())
    db.execute("COMMIT")
    return verdicts


def take_parcels(buffer: bytearray) -> list[Any]:
    """Every whole length-prefixed value at the front of `buffer`, removed from it."""
    parcels, at = [], 0
    while len(buffer) >= at + 4 and len(buffer) >= at + 4 + (size := LENGTH.unpack_from(buffer, at)[0]):
        # marshal is the quickest there is, and safe here: both ends of the socket pair are this file.
        parcels.append(marshal.loads(memoryview(buffer)[at + 4 : at + 4 + size]))  # noqa: S302
        at += 4 + size
    del buffer[:at]
    return parcels


def pack_parcel(value: Any) -> bytes:
    data = marshal.dumps(value)
    return LENGTH.pack(len(data)) + data


def write_forever(link: socket.socket, path: Path) -> None:
    """Commit whatever has arrived, answer, again; until the other end is gone."""
    db, buffer = open_database(path), bytearray()
    while data := link.recv(1 << 20):
        buffer += data
        if batch := [proposal for parcel in take_parcels(buffer) for proposal in parcel]:
            link.sendall(pack_parcel(commit_batch(db, batch, time.time_ns() // 1_000_000)))


# --- the hub process ------------------------------------------------------------------------------------------------


def text_frame(payload: bytes) -> bytes:
    """One unmasked, final text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + payload
    return (b"\x81\x7e" + size.to_bytes(2, "big") if size < 65536 else b"\x81\x7f" + size.to_bytes(8, "big")) + payload


def group_name(number: int) -> str:
    """As long as the ids of the real server."""
    return f"g{number:022d}"


def encode_answer(send: Send, pos: int, at: int) -> bytes:
    group, _, cid, _ = send.proposal
    place = {"group": group_name(group), "pos": pos, "seq": pos}
    return text_frame(
        orjson.dumps({"re": send.request_id, "ok": place | {"cid": cid, "at": at, "recall_until": at + 120_000}})
    )


def encode_entry(proposal: Proposal, pos: int, at: int) -> bytes:
    _, sender, cid, text = proposal
    entry = {"kind": "message", "pos": pos, "at": at, "seq": pos, "sender": sender, "cid": cid}
    return orjson.dumps(entry | {"type": "text", "body": {"text": text}})


class Hub:
    """Gathers the sends of one tick for the writer, and publishes each commit."""

    def __init__(self, loop: asyncio.AbstractEventLoop, heads: dict[int, int]) -> None:
        self.loop, self.heads = loop, heads
        self.members: dict[int, set[Session]] = {}
        self.gathered: list[Send] = []
        self.unsettled: deque[Send] = deque()
        self.link: asyncio.Transport | None = None

    def propose(self, send: Send) -> None:
        if not self.gathered:
            self.loop.call_soon(self.flush)
        self.gathered.append(send)

    def flush(self) -> None:
        assert self.link is not None
        self.unsettled.extend(self.gathered)
        self.link.write(pack_parcel([send.proposal for send in self.gathered]))
        self.gathered = []

    def publish(self, verdicts: list[Verdict]) -> None:
        replies: dict[Session, list[bytes]] = {}
        fresh: dict[int, list[bytes]] = {}
        for pos, at, is_new in verdicts:
            send = self.unsettled.popleft()
            replies.setdefault(send.session, []).append(encode_answer(send, pos, at))
            if is_new:
                fresh.setdefault(send.proposal[0], []).append(encode_entry(send.proposal, pos, at))
        frames = {group: self.splice(group, entries) for group, entries in fresh.items()}
        for session, answers in replies.items():
            session.transport.write(b"".join((*answers, frames.get(session.group, b""))))
        for group, frame in frames.items():
            for session in self.members.get(group, ()):
                if session not in replies:
                    session.transport.write(frame)

    def splice(self, group: int, entries: list[bytes]) -> bytes:
        after = self.heads.get(group, 0)
        head = self.heads[group] = after + len(entries)
        start = f'{{"ev":"entries","data":{{"group":"{group_name(group)}","after":{after},"as_of":{head},"entries":['
        return text_frame(start.encode() + b",".join(entries) + b"]}}")


class WriterLink(asyncio.Protocol):
    """The hub's end of the socket pair."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.buffer = hub, bytearray()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        for verdicts in take_parcels(self.buffer):
            self.hub.publish(verdicts)

    def connection_lost(self, exc: Exception | None) -> None:
        self.hub.loop.stop()


class Session(asyncio.Protocol):
    """One connection: Sans-I/O frames in, requests out."""

    __slots__ = ("group", "hub", "transport", "user", "ws")
    transport: asyncio.Transport

    def __init__(self, hub: Hub) -> None:
        self.ws = ServerProtocol(subprotocols=SUBPROTOCOLS, max_size=65536, logger=QUIET)
        self.hub, self.user, self.group = hub, "", 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.ws.receive_data(data)
        for event in self.ws.events_received():
            if isinstance(event, Request):
                self.ws.send_response(self.ws.accept(event))
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self.receive(orjson.loads(event.data))
        for output in self.ws.data_to_send():
            self.transport.write(output) if output else self.transport.close()

    def receive(self, request: dict[str, Any]) -> None:
        data = request["data"]
        if request["op"] == "message.send":
            proposal = (int(data["group"][1:]), self.user, data["cid"], data["body"]["text"])
            self.hub.propose(Send(self, request["id"], proposal))
        elif request["op"] == "session.hello":
            self.user, _, number = data["token"].partition(".")
            self.group = int(number)
            self.hub.members.setdefault(self.group, set()).add(self)
            listed = {"group": group_name(self.group), "head": self.hub.heads.get(self.group, 0)}
            self.ws.send_text(orjson.dumps({"re": request["id"], "ok": {"groups": [listed]}}))

    def connection_lost(self, exc: Exception | None) -> None:
        self.hub.members.get(self.group, set()).discard(self)


def read_heads(path: Path) -> dict[int, int]:
    db = open_database(path)
    heads = dict(db.execute("SELECT grp, pos FROM heads").fetchall())
    db.close()
    return heads


async def serve(port: int, heads: dict[int, int], link: socket.socket) -> None:
    """Serve on 127.0.0.1 until the writer is gone or the process is ended."""
    loop = asyncio.get_running_loop()
    hub = Hub(loop, heads)
    hub.link, _ = await loop.create_connection(lambda: WriterLink(hub), sock=link)
    server = await loop.create_server(lambda: Session(hub), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="The comparison server of the benchmark: same path, no rules.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--db", type=Path, required=True)
    options = parser.parse_args()
    heads = read_heads(options.db)  # closed again: an open database must not be carried across a fork
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        write_forever(theirs, options.db)
        os._exit(0)
    theirs.close()
    uvloop.run(serve(options.port, heads, ours))


if __name__ == "__main__":
    main()
