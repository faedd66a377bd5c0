"""What becomes of a handler that fails: tried again a few times, then put aside where it can be seen.

Policy. An error is logged with the handler's name and where it arose (never with its words, which may quote what
somebody wrote), given to the hook `on_error`, and counted; people see nothing of it, unless that hook tells them. The
handler is run again up to `retries` times with growing pauses; meanwhile the group waits, so that order is kept, for a
bounded time. Then what it was about goes to the dead letters in the bot's store, and the group goes on; whoever runs
the bot may have it tried again. A refusal of the server that cannot change by itself is not tried again by itself. A
handler that does not end within `timeout_s` has failed. One that took the whole program down `crashes` times is not
begun again.
"""

from __future__ import annotations

import os
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import chatd_client
import chatd_protocol
from chatd_client.errors import ChatdError

if TYPE_CHECKING:
    from chatd_client.bots.context import Context

PAUSE_CAP_S: Final = 30.0
_NOT_OWN: Final = tuple(
    str(Path(file).resolve().parent) + os.sep for file in (chatd_client.__file__, chatd_protocol.__file__, os.__file__)
)
"""Folders of code that an author of bots did not write."""


class KeepsDying(Exception):
    """The program ended every time while this was being handled."""


class NoSuchJob(Exception):
    """A job is due that this bot has no longer."""


class NoSubject(Exception):
    """A dead letter of a version that did not keep what it was about."""

    def __str__(self) -> str:
        return "put aside by a version that did not keep what it was about: it can only be dropped"


@dataclass(frozen=True)
class Policy:
    """How patient the bot is. `pause_s` is that before the second attempt; each further one is twice as long."""

    retries: int = 3
    pause_s: float = 1.0
    timeout_s: float = 60.0
    crashes: int = 5

    def __post_init__(self) -> None:
        if self.retries < 0 or self.pause_s < 0 or self.timeout_s <= 0 or self.crashes < 1:
            raise ValueError("retries and pause_s are 0 or more, timeout_s is more than 0, crashes 1 or more")

    def pause_after_s(self, attempts: int) -> float:
        """Before the next attempt, after so many."""
        return min(PAUSE_CAP_S, self.pause_s * 2.0 ** min(attempts - 1, 30))

    def tries_again(self, error: Exception, attempts: int) -> bool:
        """Whether it may help to run it once more."""
        if isinstance(error, KeepsDying | NoSuchJob) or (isinstance(error, ChatdError) and not error.retry):
            return False
        return attempts <= self.retries


@dataclass(frozen=True)
class Failure:
    """A handler failed. `unit` says at what, `final` that it was given up. The error may quote what people wrote.

    `context` comes with the last attempt, to say something to whoever waits: a new one of the kind that the handler
    got. What is sent through it is sent once, also if the same fails again after `--retry`; what it changes in the
    memory, or has done later, is not kept.
    """

    handler: str
    unit: str
    error: Exception
    attempts: int
    final: bool
    context: Context | None = None


@dataclass
class Counters:
    """What has happened since the start."""

    entries: int = 0
    """Entries of groups that were read."""
    handled: int = 0
    """Things that a handler took, or that none did."""
    taken: int = 0
    """Those that one took."""
    failed: int = 0
    """Attempts that failed."""
    dead: int = 0
    """Things that were given up."""
    gone: int = 0
    """Answers to what had been recalled meanwhile."""
    jobs: int = 0
    behind: int = 0
    """Times that a group was read from its history, because it moved faster than the bot."""

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def place_of(error: BaseException) -> str:
    """Where an error arose, as `ValueError in shop.py:41`."""
    line, code = line_of(error) or _innermost(error), f" {error.code}" if isinstance(error, ChatdError) else ""
    return f"{type(error).__name__}{code}" + (f" in {line}" if line else "")


def told_of(error: BaseException) -> str:
    """All of it, as `ValueError: no good (shop.py:41)`: for whoever looks at what was given up, never for a log."""
    line, words = line_of(error), str(error)
    return type(error).__name__ + (f": {words}" if words else "") + (f" ({line})" if line else "")


def line_of(error: BaseException) -> str:
    """The innermost line that is the author's own, as `shop.py:41`; empty if there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if not one.filename.startswith(("<", *_NOT_OWN))]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""


def _innermost(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
