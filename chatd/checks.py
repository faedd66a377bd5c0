"""What stands in the way of a start and can be known before anything is made: a start that fails leaves nothing behind.

What is checked here is done again by the part concerned, which may still fail: between the two is time.
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from chatd.backup.ledger_file import LedgerFile
from chatd.config import Config


def check_start(config: Config) -> None:
    """Raises OSError (`ssl.SSLError`, `socket.gaierror`) and `Trouble`, with what names the file or the port."""
    server = config.server
    if config.backup.ledger:
        LedgerFile(Path(config.backup.ledger)).check()
    for file in filter(None, (server.tls_cert, server.tls_key)):
        Path(file).read_bytes()  # ssl would say that something cannot be read, and not what
    if server.tls_cert:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(server.tls_cert, server.tls_key or None)
    database = config.sqlite_path()
    # Where there is a database a server that is on its way out may still have both: the start waits for it.
    if database is not None and not database.exists() and server.port:
        check_port(server.host, server.port)


def check_port(host: str, port: int) -> None:
    """Raises OSError if somebody else listens there, or the host is not this machine's."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, address in found:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)
