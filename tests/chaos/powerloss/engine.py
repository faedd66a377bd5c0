"""The commit engine under the recorder: `chatd.store.engine.Engine` on SQLite, batch after batch, in two lives.

    python -m tests.chaos.powerloss.engine FILE SYNCHRONOUS

Messages, edits, recalls, reactions, people who come and go, and requests that are repeated under their `cid`, in
batches as the writer process hands them over. What is accepted is acknowledged after `settle` has
returned, one line each.
"""

import base64
import itertools
import json
import random
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from chatd.core.groups import CreateGroup, Kick, Leave
from chatd.core.limits import Bounds
from chatd.core.messages import Edit, React, Recall, Send
from chatd.core.proposal import Command
from chatd.core.pulls import AddMembers
from chatd.core.relations import Follow
from chatd.core.users import EnsureUser
from chatd.core.wishes import AnyWish
from chatd.store import migrate as store
from chatd.store.database import SQLITE_SETTINGS, Sqlite
from chatd.store.engine import Engine
from chatd.store.failures import StoreLost
from chatd.store.outcome import Proposed
from chatd.store.verify import verify
from tests.chaos.powerloss.marks import Marks

_SEED = 5
_BATCHES = 240
_BATCH_MAX = 8
_CHECKPOINT_PAGES = 150
_DIGEST = b"0123456789abcdef"
_USERS = [f"u{number:020d}" for number in range(12)]
_GROUPS = [f"g{number:020d}" for number in range(4)]
_OWNER = _USERS[0]


def migrate(directory: Path) -> None:
    """An empty database with its tables."""
    store.migrate(f"sqlite:///{directory / 'chat.db'}")


class _Talk:
    """The same proposals in every process, as far as the verdicts are the same."""

    def __init__(self) -> None:
        self._rng = random.Random(_SEED)
        self._said: list[tuple[str, str, int]] = []
        self._old: list[AnyWish] = []

    def start(self) -> Iterator[list[AnyWish]]:
        """The people, their edges, their groups."""
        yield [EnsureUser(user, f"sub-{user}", "") for user in _USERS]
        others = _USERS[1:]
        yield [wish for o in others for wish in (self._follow(_OWNER, o), self._follow(o, _OWNER))]
        rules = ("none", "last:5", "all", "none")
        yield [
            CreateGroup(_OWNER, self._cid(), _DIGEST, g, g, "", r, None) for g, r in zip(_GROUPS, rules, strict=True)
        ]
        yield [AddMembers(_OWNER, self._cid(), _DIGEST, group, _USERS[1:7]) for group in _GROUPS]

    def batch(self) -> list[AnyWish]:
        """What one commit has to decide on."""
        wishes: list[AnyWish] = [self._wish() for _ in range(self._rng.randint(1, _BATCH_MAX))]
        self._old = wishes
        return wishes

    def note(self, wish: Command, answer: dict[str, Any]) -> None:
        """Remember what was said where."""
        if isinstance(wish, Send):
            self._said = [*self._said[-20:], (wish.actor, wish.group, answer["pos"])]

    def _wish(self) -> AnyWish:
        rng, user, group, cid = self._rng, self._rng.choice(_USERS), self._rng.choice(_GROUPS), self._cid()
        dice = rng.random()
        if dice < 0.08 and self._old:
            return rng.choice(self._old)
        if dice < 0.3 and self._said:
            author, group, pos = rng.choice(self._said)
            now = _now_ms()
            return rng.choice(
                (
                    Edit(author, cid, _DIGEST, group, pos, {"text": f"edited {cid}"}, now),
                    Recall(author, cid, _DIGEST, group, pos, now),
                    React(author, cid, _DIGEST, group, pos, "+1", True),
                )
            )
        if dice < 0.4:
            moves = AddMembers(_OWNER, cid, _DIGEST, group, [user]), Kick(_OWNER, cid, _DIGEST, group, user)
            return rng.choice((*moves, Leave(user, cid, _DIGEST, group)))
        return Send(user, cid, _DIGEST, group, "text", {"text": f"{cid} " + "x" * rng.randrange(300)}, None, None)

    def _follow(self, one: str, other: str) -> Follow:
        return Follow(one, self._cid(), _DIGEST, other, True)

    def _cid(self) -> str:
        return base64.urlsafe_b64encode(self._rng.randbytes(16)).decode().rstrip("=")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def run(path: Path, synchronous: str) -> None:
    """Commit and acknowledge, in two lives of the database."""
    marks, talk, numbers = Marks(), _Talk(), itertools.count(1)
    opening = list(talk.start())
    for life in range(2):
        database = Sqlite(path, _settings(synchronous))
        engine = Engine(database, Bounds(), _now_ms, f"life {life}")
        for wishes in itertools.chain(opening if life == 0 else (), (talk.batch() for _ in range(_BATCHES // 2))):
            proposed = dict(zip(numbers, wishes, strict=False))
            outcomes = engine.settle([Proposed(number, wish) for number, wish in proposed.items()])
            for verdict in (verdict for outcome in outcomes for verdict in outcome.verdicts):
                wish = proposed[verdict.pid]
                if verdict.answer is not None and isinstance(wish, Command):
                    marks.ack(json.dumps([type(wish).__name__, wish.actor, wish.cid, verdict.answer]))
                    talk.note(wish, verdict.answer)
        database.close()


def _settings(synchronous: str) -> list[str]:
    changed = {"synchronous": synchronous, "wal_autocheckpoint": str(_CHECKPOINT_PAGES)}
    names = {setting: setting.split()[1] for setting in SQLITE_SETTINGS}
    return [f"PRAGMA {names[s]} = {changed[names[s]]}" if names[s] in changed else s for s in SQLITE_SETTINGS]


def check(image: Path, acked: Sequence[str]) -> list[str]:
    """The problems of an image: something acknowledged is missing or different, or the database contradicts itself."""
    with closing(sqlite3.connect(image)) as db:
        if not db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'entries'").fetchone()[0]:
            return ["the tables are gone, which were there before the start"]
        entries = {
            (group, pos): row
            for group, pos, *row in db.execute("SELECT group_id, pos, actor, cid, seq, version, recalled FROM entries")
        }
        commands = dict(db.execute("SELECT user_id || ' ' || cid, answer FROM commands"))
    problems = [problem for line in acked for problem in _missing(json.loads(line), entries, commands)]
    return (problems + _contradictions(image))[:10]


def _contradictions(image: Path) -> list[str]:
    database = Sqlite(image, ("PRAGMA synchronous = OFF",))  # of an image nothing needs to last
    try:
        return verify(database).problems
    except StoreLost as error:
        return [f"it cannot be read: {error}"]
    finally:
        database.close()


def _missing(line: list[Any], entries: dict[tuple[str, int], list[Any]], commands: dict[str, str]) -> Iterator[str]:
    kind, actor, cid, answer = line
    row = entries.get((answer.get("group"), answer.get("pos")))
    if row is None or row[:2] != [actor, cid]:
        kept = commands.get(f"{actor} {cid}")
        if kept is None or not _says(kept, answer):
            yield f"{kind} {cid} was acknowledged with {answer}; there is {row}, {kept}"
    elif kind == "Send" and row[2] != answer["seq"]:
        yield f"{kind} {cid} was acknowledged with {answer}; there is {row}"
    elif kind == "Edit" and entries.get((answer["group"], answer["target"]), [0] * 4)[3] < answer["version"]:
        yield f"{kind} {cid} was acknowledged with {answer}; its message is older"


def _says(kept: str, answer: dict[str, Any]) -> bool:
    """Whether a stored answer is that one. In a damaged database it may be no answer at all."""
    try:
        return bool(json.loads(kept) == answer)
    except ValueError:
        return False


def main(arguments: Sequence[str]) -> None:
    """The process that is recorded."""
    file, synchronous = arguments
    if synchronous not in {"FULL", "NORMAL", "OFF"}:
        raise SystemExit(f"usage: FILE FULL|NORMAL|OFF, not {arguments}")
    run(Path(file), synchronous)


if __name__ == "__main__":
    main(sys.argv[1:])
