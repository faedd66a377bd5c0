"""Makes the stream that keeps what is said, over NATS' own protocol. It must not know what is measured."""

from __future__ import annotations

import socket

import orjson

STREAM = {"name": "CHAT", "subjects": ["chat.>"], "storage": "file", "num_replicas": 1, "retention": "limits"}
TIMEOUT_S = 10.0


class StreamRefused(RuntimeError):
    """The server made no stream."""


def make_stream(port: int) -> None:
    """Raises `StreamRefused`, OSError."""
    request = orjson.dumps(STREAM)
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
        said = b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB made 1\r\n'
        said += b"PUB $JS.API.STREAM.CREATE.CHAT made %d\r\n%b\r\n" % (len(request), request)
        connection.sendall(said)
        with connection.makefile("rb") as lines:
            while line := lines.readline():
                if line.startswith(b"MSG "):
                    answer = orjson.loads(lines.read(int(line.split()[-1])))
                    if "error" in answer:
                        raise StreamRefused(answer["error"].get("description", "no reason given"))
                    return
                if line.startswith(b"-ERR"):
                    raise StreamRefused(line.decode(errors="replace").strip())
    raise StreamRefused("the server hung up")
