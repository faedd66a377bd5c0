"""A real Chromium without a window, steered by its own protocol (https://chromedevtools.github.io/devtools-protocol).

One tab at a time, nothing kept: it lies in a temporary folder and ends with the `async with` block.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PATIENCE_S: Final = 60.0


def find_chromium() -> str | None:
    """Where it is installed; None if it is not."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Tab:
    """A page that is open. `complaints`: what the browser itself said against it, such as what its policy forbids."""

    def __init__(self, ws: ClientConnection) -> None:
        self._ws = ws
        self._numbers = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._session: dict[str, str] = {}
        self._loaded = asyncio.Event()
        self.complaints: list[str] = []
        self._reader = asyncio.get_running_loop().create_task(self._read())

    async def begin(self) -> None:
        """An empty page."""
        target = await self.do("Target.createTarget", url="about:blank")
        attached = await self.do("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.do(f"{domain}.enable")

    async def do(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        self._numbers += 1
        future = self._waiting[self._numbers] = asyncio.get_running_loop().create_future()
        command = {"id": self._numbers, "method": method, "params": params} | self._session
        await self._ws.send(orjson.dumps(command), text=True)
        async with asyncio.timeout(PATIENCE_S):
            answer = await future
        assert "error" not in answer, (method, answer)
        result: dict[str, Any] = answer["result"]
        return result

    async def open(self, url: str, width: int, height: int, *, language: str = "en", script: bool = True) -> None:
        """Show a page, as on a screen of this size, and wait until all of it is there."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.do("Emulation.setDeviceMetricsOverride", **size)
        await self.do("Emulation.setScriptExecutionDisabled", value=not script)
        await self.do("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        self.complaints.clear()
        self._loaded.clear()
        await self.do("Page.navigate", url=url)
        async with asyncio.timeout(PATIENCE_S):
            await self._loaded.wait()

    async def ask(self, expression: str) -> Any:
        """The value of an expression, a promise's too, as if somebody had just touched the page."""
        how = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        answer = await self.do("Runtime.evaluate", expression=expression, **how)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                message = orjson.loads(await self._ws.recv())
                if "id" in message:
                    self._waiting.pop(message["id"]).set_result(message)
                elif message["method"] == "Page.loadEventFired":
                    self._loaded.set()
                elif message["method"] == "Log.entryAdded":
                    entry = message["params"]["entry"]
                    if not entry.get("url", "").endswith("/favicon.ico"):  # asked for by itself
                        self.complaints.append(entry["text"])
                elif message["method"] == "Runtime.exceptionThrown":
                    self.complaints.append(str(message["params"]["exceptionDetails"]))

    async def end(self) -> None:
        await self._ws.close()
        await self._reader


@asynccontextmanager
async def browsing(program: str) -> AsyncIterator[Tab]:
    """A browser of one's own. It may run as root in a container, so its own sandbox is off: it sees our pages only."""
    with tempfile.TemporaryDirectory(prefix="chatd-browser-", ignore_cleanup_errors=True) as folder:
        options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage")
        process = await asyncio.create_subprocess_exec(
            *(program, *options, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HOME": folder},
        )
        assert process.stderr is not None
        drain = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                address = b""
                while not (line := await process.stderr.readline()).startswith(b"DevTools listening on "):
                    assert line, "the browser ended"
                address = line.rpartition(b" ")[2].strip()
            drain = asyncio.create_task(process.stderr.read())
            tab = Tab(await connect(address.decode(), max_size=2**26, compression=None, proxy=None))
            try:
                await tab.begin()
                yield tab
            finally:
                await tab.end()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if drain is not None:
                await drain
