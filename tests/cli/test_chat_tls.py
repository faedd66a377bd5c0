"""What `chatd chat` says where TLS does not come about: plain words, and what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.certificates import certificate
from tests.cli.program import PATIENCE_S, Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path, CHATD_SERVER__TLS_CERT="cert.pem", CHATD_SERVER__TLS_KEY="key.pem")


def chat(program: Program, url: str, **env: str) -> tuple[int, str]:
    """Ask for the groups. The status, and all that was said."""
    command = [sys.executable, "-m", "chatd", "chat", "--url", url, "--token-file", "ann.token", "--wait", "2"]
    ended = subprocess.run(
        command, cwd=program.folder, env=program.env | env, input="/groups\n", capture_output=True, text=True,
        timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stdout + ended.stderr


def test_a_certificate_that_is_not_accepted_is_told_with_what_to_do(program: Program) -> None:
    certificate(program.folder, -1, 90, ["127.0.0.1"])
    with program.serving() as served:
        (program.folder / "ann.token").write_text(program.run("token", "ann").stdout)
        status, said = chat(program, served.url)
        assert (status, "SSL_CERT_FILE" in said, "closed by the server" in said) == (1, True, False)
        assert "请用环境变量 SSL_CERT_FILE" in chat(program, served.url, LC_ALL="zh_CN.UTF-8")[1]
        trusting = {"SSL_CERT_FILE": str(program.folder / "cert.pem")}
        status, said = chat(program, served.url, **trusting)
        assert (status, "connected as" in said) == (0, True)
        status, said = chat(program, served.url.replace("127.0.0.1", "localhost"), **trusting)
        assert (status, "not for the name in the address" in said) == (1, True)
        status, said = chat(program, served.url.replace("wss://", "ws://"))
        assert (status, "begins with wss://" in said) == (1, True)


def test_tls_where_none_is_spoken_is_told(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with program.serving() as served:
        (program.folder / "ann.token").write_text(program.run("token", "ann").stdout)
        status, said = chat(program, served.url.replace("ws://", "wss://"))
        assert (status, "begins with ws://" in said) == (1, True)
