"""The peers as data: what each is, what it promises, how it is started. It must not know workloads.

What they promise is said as they are run here, which is their default unless the title says otherwise.
"""

from __future__ import annotations

from bench.peers import commands, place
from bench.peers.jetstream import make_stream
from bench.seed import seed_nobody
from bench.subjects import Promises, Subject

PLAIN = ("plain", "/ws/", "")
KEPT = "10 minutes in memory"
PASSED_ON = Promises("no", "no", "one order for all", "no")
IN_ORDER_OF_ARRIVAL = "one order for all"
SQLITE_RELAXED = Promises("yes", "no: no fsync per message", IN_ORDER_OF_ARRIVAL, "no")
NEEDS_PYTHON = place.needs_file(place.python, "python")
NEEDS_NATS = place.needs_file(place.nats_server, "python")
NEEDS_NODE = place.needs_program("node", place.needs_file(place.node_modules, "node"))
NEEDS_CENTRIFUGE = place.needs_file(place.centrifuge, "centrifuge")
NEEDS_EJABBERD = place.needs_file(place.ejabberd, "ejabberd")
OF_A_SENDER = "each sender's own order"

UNAVAILABLE = {
    "centrifugo": "not to be had from the module proxy; the library that it consists of is here as `centrifuge`",
    "tinode": "not to be had from the module proxy",
}
"""Peers that one would want here, and why they are not."""

PEERS = {
    subject.name: subject
    for subject in (
        Subject(
            "c",
            seed_nobody,
            commands.serve_c,
            "C, epoll, one send per delivery",
            PASSED_ON,
            "main",
            *PLAIN,
            missing=commands.compiler_missing,
        ),
        Subject(
            "c-joined",
            seed_nobody,
            commands.serve_c_joined,
            "C, epoll, joined writes",
            PASSED_ON,
            "main",
            *PLAIN,
            missing=commands.compiler_missing,
        ),
        Subject(
            "nats",
            seed_nobody,
            commands.serve_nats,
            "NATS core",
            Promises("no", "no", OF_A_SENDER, "no"),
            "main",
            "nats",
            order="sender",
            missing=NEEDS_NATS,
        ),
        Subject(
            "jetstream",
            seed_nobody,
            commands.serve_jetstream,
            "NATS JetStream, subscribed to the subject",
            Promises(
                "yes", "no: fsync every 2 minutes; delivered before it is stored", OF_A_SENDER, "by reading the stream"
            ),
            "main",
            "jetstream",
            order="sender",
            missing=NEEDS_NATS,
            prepare=make_stream,
        ),
        Subject(
            "jetstream-sync",
            seed_nobody,
            commands.serve_jetstream_sync,
            "NATS JetStream with sync_interval always",
            Promises("yes", "fsync before the answer; delivered before it", OF_A_SENDER, "by reading the stream"),
            "other",
            "jetstream",
            order="sender",
            missing=NEEDS_NATS,
            prepare=make_stream,
        ),
        Subject(
            "centrifuge",
            seed_nobody,
            commands.serve_centrifuge,
            "Centrifuge (the library of Centrifugo), no history",
            Promises("no", "no", IN_ORDER_OF_ARRIVAL, "no"),
            "other",
            "centrifuge",
            "/connection/websocket",
            "",
            missing=NEEDS_CENTRIFUGE,
        ),
        Subject(
            "centrifuge-history",
            seed_nobody,
            commands.serve_centrifuge_history,
            "Centrifuge with history of 1,000 in memory",
            Promises(KEPT, "no", "one order for all, numbered", "from memory, or told that it cannot"),
            "other",
            "centrifuge",
            "/connection/websocket",
            "",
            missing=NEEDS_CENTRIFUGE,
        ),
        Subject(
            "node-ws",
            seed_nobody,
            commands.serve_node,
            "Node `ws`",
            PASSED_ON,
            "other",
            *PLAIN,
            missing=NEEDS_NODE,
        ),
        Subject(
            "node-ws-sqlite",
            seed_nobody,
            commands.serve_node_sqlite,
            "Node `ws` and better-sqlite3, WAL, synchronous=NORMAL",
            SQLITE_RELAXED,
            "other",
            *PLAIN,
            missing=NEEDS_NODE,
        ),
        Subject(
            "websockets",
            seed_nobody,
            commands.serve_broadcast,
            "websockets' `broadcast`, on uvloop",
            PASSED_ON,
            "other",
            *PLAIN,
        ),
        Subject(
            "fastapi",
            seed_nobody,
            commands.serve_tutorial,
            "FastAPI, the chat of its tutorial",
            Promises("no", "no", "each sender's own order, mostly", "no"),
            "other",
            *PLAIN,
            order="sender",
            missing=NEEDS_PYTHON,
        ),
        Subject(
            "fastapi-sqlite",
            seed_nobody,
            commands.serve_tutorial_sqlite,
            "the same with aiosqlite, WAL, synchronous=NORMAL",
            Promises("yes", "no: no fsync per message", "each sender's own order, mostly", "no"),
            "other",
            *PLAIN,
            order="sender",
            missing=NEEDS_PYTHON,
        ),
        Subject(
            "ejabberd",
            seed_nobody,
            commands.serve_ejabberd,
            "ejabberd, rooms, no archive",
            PASSED_ON,
            "other",
            "xmpp",
            missing=NEEDS_EJABBERD,
        ),
        Subject(
            "ejabberd-archive",
            seed_nobody,
            commands.serve_ejabberd_archive,
            "ejabberd, rooms archived by mod_mam in Mnesia",
            Promises("yes", "no: no fsync per message", IN_ORDER_OF_ARRIVAL, "by asking the archive"),
            "other",
            "xmpp",
            missing=NEEDS_EJABBERD,
        ),
    )
}
