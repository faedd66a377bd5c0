"""Writers that are up at once: forked from a process that has already imported what a writer needs.

A writer that a server starts spends half a second of a core on imports before it opens the database, and the tests
start hundreds of servers. Here the same program runs in a process of its own as well, with the environment, the folder
and the error stream of whoever starts it; only where it comes from is different. Writers that are started as without
tests are those of tests that ask for `started_by_itself` (tests/store), and of every `chatd serve`.

Must not know what a writer does. `python -m tests.forked FD` is the process that forks; it ends when we do.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from chatd.store import writer

REPOSITORY: Final = Path(__file__).parents[1]
FDS_MAX: Final = 16
Request = dict[str, Any]
"""`env` and `folder` of whoever asks, and what else there is to say."""


class Forked:
    """A writer's process, to whoever started it. Any thread may wait for it."""

    def __init__(self, pid: int, status: socket.socket) -> None:
        self.pid = pid
        self._status = status
        self._waiting = threading.Lock()
        self._code: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, once it has ended. Raises `subprocess.TimeoutExpired`."""
        if not self._waiting.acquire(timeout=-1 if timeout is None else timeout):
            raise subprocess.TimeoutExpired("the writer", timeout or 0)
        try:
            if self._code is None:
                self._status.settimeout(timeout)
                self._code = int(self._status.recv(16))
                self._status.close()
        except (TimeoutError, BlockingIOError):
            raise subprocess.TimeoutExpired("the writer", timeout or 0) from None
        finally:
            self._waiting.release()
        return self._code

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        if self._code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class Forker:
    """The process that forks, to this one."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def launch(self, fd: int, inherit: tuple[int, ...]) -> Forked:
        """What `chatd.store.link.launch` does."""
        return self.fork({"env": dict(os.environ), "folder": str(Path.cwd())}, [1, 2, fd, *inherit])

    def fork(self, asked: Request, fds: Sequence[int]) -> Forked:
        """Have one forked that gets these descriptors, the first two as its output and its errors."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            request = json.dumps(asked).encode()
            head = len(request).to_bytes(4, "big")
            socket.send_fds(self._channel, [head], [theirs.fileno(), *fds])
            self._channel.sendall(request)
            pid = int.from_bytes(_take(self._channel, 4), "big")
        return Forked(pid, ours)


@contextlib.contextmanager
def forking(module: str = "tests.forked") -> Iterator[Forker]:
    """A process that forks writers, or what another module makes of itself, for as long as this lasts."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", module, str(theirs.fileno())],
                cwd=REPOSITORY,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C is for us
            )
        try:
            yield Forker(ours)
        finally:
            ours.close()
            process.wait(30)


def _take(channel: socket.socket, size: int) -> bytes:
    whole = b""
    while len(whole) < size:
        part = channel.recv(size - len(whole))
        if not part:
            raise ConnectionResetError("the process that forks has ended")
        whole += part
    return whole


# -- in the process that forks


def serve(channel: socket.socket, become: Callable[[Request, list[int]], NoReturn]) -> None:
    """Fork whenever asked, and tell how each one ended, until nobody can ask any more. `become` is what is forked."""
    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno())
    running: dict[int, socket.socket] = {}
    gc.freeze()
    while True:
        readable, _, _ = select.select([channel, woken], [], [])
        if woken in readable:
            woken.recv(4096)
            _reap(running)
        if channel in readable:
            head, fds, _, _ = socket.recv_fds(channel, 4, FDS_MAX)
            if not head:
                return
            head += _take(channel, 4 - len(head))
            request = json.loads(_take(channel, int.from_bytes(head, "big")))
            status = socket.socket(fileno=fds[0])
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for end in (channel, wake, woken, status, *running.values()):
                    end.close()
                become(request, fds[1:])
            running[pid] = status
            for fd in fds[1:]:
                os.close(fd)
            channel.sendall(pid.to_bytes(4, "big"))


def _reap(running: dict[int, socket.socket]) -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with running.pop(pid) as told, contextlib.suppress(OSError):
                told.sendall(b"%d" % os.waitstatus_to_exitcode(status))


def _writer(request: Request, fds: list[int]) -> NoReturn:
    """Be the writer, as a process would be that was started where the request came from."""
    out, err, fd, *_ = fds
    run_as(request, out, err, lambda: writer.main(fd))


def run_as(request: Request, out: int, err: int, work: Callable[[], int]) -> NoReturn:
    """In the environment, the folder and with the streams of whoever asked; end with the status that `work` returns."""
    status = 1
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.chdir(str(request["folder"]))
        os.environ.clear()
        os.environ.update(request["env"])
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        status = work()
    except BaseException:  # noqa: BLE001 - what an interpreter does with whatever ends it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), _writer)
