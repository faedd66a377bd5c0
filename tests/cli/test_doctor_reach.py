"""`chatd doctor` on how one gets to the server: certificates, ports, proxies, and what the server says of itself."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from chatd.cli.doctor import serving, tls
from chatd.config import load
from tests.cli.certificates import certificate
from tests.cli.findings import healthy, levels, look, text_of
from tests.cli.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return healthy(tmp_path)


def test_a_certificate_is_looked_at_from_all_sides(program: Program) -> None:
    folder = program.folder
    env: dict[str, Any] = {"CHATD_SERVER__TLS_CERT": "cert.pem", "CHATD_SERVER__TLS_KEY": "key.pem"}
    named = env | {"CHATD_INVITES__PUBLIC_URL": "https://chat.test"}
    certificate(folder, -1, 90, ["chat.test", "127.0.0.1"])
    found = look(program, **env)
    assert [levels(found, f"tls.{what}") for what in ("key", "expiry", "names")] == [{"ok"}, {"ok"}, {"ok"}]
    for ends, level, status in ((-1, "fail", 1), (3, "warn", 0), (20, "note", 0)):
        certificate(folder, -9, ends, ["chat.test"])
        assert levels(look(program, status=status, **env), "tls.expiry") == {level}
    certificate(folder, 2, 90, ["chat.test"])
    assert "clock" in text_of(look(program, status=1, **env), "tls.expiry")
    certificate(folder, -1, 90, ["other.test"])
    config = load(None, named | {name: str(folder / value) for name, value in env.items()})
    assert [one.level for one in tls.check_tls(config) if one.check == "tls.names"] == ["fail"]
    certificate(folder, -1, 90, [])
    assert levels(look(program, status=1, **env), "tls.names") == {"fail"}
    old_key = (folder / "key.pem").read_bytes()
    certificate(folder, -1, 90, ["chat.test"])
    (folder / "key.pem").write_bytes(old_key)
    found = look(program, status=1, **env)
    assert (levels(found, "tls.key"), "of another certificate" in text_of(found, "tls.key")) == ({"fail"}, True)
    (folder / "key.pem").write_text("no key")
    assert "no key in PEM form" in text_of(look(program, status=1, **env), "tls.key")
    (folder / "key.pem").unlink()
    assert f"tls_key: {folder}/key.pem: no such file" in text_of(look(program, status=1, **env), "tls.key")
    (folder / "key.pem").write_bytes(old_key)
    (folder / "key.pem").chmod(0o644)
    assert levels(look(program, status=1, **env), "config.modes") == {"fail"}
    (folder / "cert.pem").write_text("no certificate")
    assert levels(look(program, status=1, **env), "tls.certificate") == {"fail"}


def test_a_star_in_a_certificate_is_one_label() -> None:
    assert tls.covers("*.chat.test", "a.chat.test")
    assert not tls.covers("*.chat.test", "a.b.chat.test")
    assert not tls.covers("*.chat.test", "chat.test")
    assert tls.covers("CHAT.test", "chat.TEST")


def test_what_is_left_of_a_server_that_ended_hard_is_told_from_a_live_one(program: Program) -> None:
    path = program.folder / "chatd.sock"
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    path.chmod(0o600)
    assert levels(look(program), "server.alive") == {"warn"}
    path.unlink()
    with program.serving():
        path.chmod(0o666)
        assert levels(look(program, status=1), "server.socket") == {"fail"}


def test_a_server_that_was_started_on_another_port_is_no_failure(program: Program) -> None:
    with program.serving() as served, socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        found = look(program, CHATD_SERVER__PORT=port)
        assert levels(found, "server.port") == {"note"}
        told = text_of(found, "server.port")
        assert (port in told, served.url.split(":")[2].removesuffix("/ws") in told) == (True, True)


def test_a_port_that_somebody_else_holds_is_found(program: Program) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        found = look(program, status=1, CHATD_SERVER__PORT=str(port))
    assert levels(found, "server.port") == {"fail"}
    assert levels(look(program, status=1, CHATD_SERVER__HOST="192.0.2.1"), "server.port") == {"fail"}


def test_what_a_server_says_of_itself_is_weighed() -> None:
    well = {"writer_restarts": 0, "proposals_waiting": 3}
    assert list(serving.check_figures(well)) == []
    index = {"search_lag_ms": 90_000, "search_restarts": 0, "search_rebuilding": 0}
    ill = {"writer_restarts": 2, "proposals_waiting": 9_000} | index
    assert [one.level for one in serving.check_figures(ill)] == ["warn"] * 3
    assert [one.level for one in serving.check_figures(well | index | {"search_lag_ms": 5})] == ["ok"]


@contextmanager
def web(status: int) -> Iterator[str]:
    """A web server that knows no WebSocket, like a proxy that was not told of it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 400)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_way_in_that_does_not_work_is_found(program: Program) -> None:
    with web(200) as url:
        found = look(program, "--url", url, status=1, CHATD_WS__PING_INTERVAL_S="90")
        trusting = look(program, "--url", url, status=1, CHATD_SERVER__TRUSTED_PROXIES="127.0.0.1")
    assert levels(found, "public.upgrade") == {"fail"}
    assert levels(found, "public.proxy") == {"warn"}
    assert levels(found, "public.idle") == {"warn"}
    assert levels(trusting, "public.proxy") == {"ok"}
    with web(502) as url:
        assert "502" in text_of(look(program, "--url", url, status=1), "public.http")
    assert levels(look(program, "--url", "http://127.0.0.1:1", status=1), "public.http") == {"fail"}
    assert levels(look(program, "--url", "chat.example.com", status=1), "public.url") == {"fail"}
    assert levels(look(program, status=1, CHATD_INVITES__PUBLIC_URL="https://127.0.0.1:1"), "public.http") == {"fail"}
