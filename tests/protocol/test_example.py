"""The client that a stranger wrote from the README alone does what it says, against a real server."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from chatd.testing import TestServer, running_server

EXAMPLE = Path(__file__).parents[2] / "protocol" / "examples" / "resume.mjs"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="the example is a program for Node, which is not on the PATH")


async def _run(*args: str) -> tuple[int | None, str]:
    assert NODE is not None
    process = await asyncio.create_subprocess_exec(
        NODE, str(EXAMPLE), *args, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 90)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, output.decode()


def test_the_example_is_short_enough_to_read() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80
    assert max(map(len, lines)) <= 120
    assert not [line for line in lines if line.startswith("import") and '"node:' not in line]


@needs_node
def test_the_example_proves_that_it_missed_nothing(tmp_path: Path) -> None:
    async def scenario() -> tuple[int | None, str]:
        async with running_server(f"sqlite:///{tmp_path}/chatd.db") as server:
            return await _run(server.ws_url, server.token("ann"), await _make_group(server))

    status, output = asyncio.run(scenario())
    assert (status, output[:4]) == (0, "ok: "), output


@needs_node
def test_the_example_fails_where_there_is_no_such_group(tmp_path: Path) -> None:
    async def scenario() -> tuple[int | None, str]:
        async with running_server(f"sqlite:///{tmp_path}/chatd.db") as server:
            return await _run(server.ws_url, server.token("ann"), "g" + "a" * 22)

    status, output = asyncio.run(scenario())
    assert status == 1
    assert "not_found" in output


async def _make_group(server: TestServer) -> str:
    """A group of one, made over the wire."""
    import websockets

    from chatd_protocol.codec import decode, encode

    hello = {"token": server.token("ann"), "device": "setup"}
    create = {"cid": "AAECAwQFBgcICQoLDA0ODw", "kind": "private", "title": "Example"}
    async with websockets.connect(server.ws_url) as ws:
        await ws.send(encode({"id": 1, "op": "session.hello", "data": hello}, "json").decode())
        await ws.send(encode({"id": 2, "op": "group.create", "data": create}, "json").decode())
        async with asyncio.timeout(30):
            async for payload in ws:
                message = decode(payload.encode() if isinstance(payload, str) else payload, "json")
                if isinstance(message, dict) and message.get("re") == 2:
                    return str(message["ok"]["group"])
    raise AssertionError("the connection ended before the answer")
