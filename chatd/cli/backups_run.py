"""What `chatd backup` and `chatd restore` do. Status 0: done; 1: it did not work; 2: the call is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from chatd.admin.socket import AdminError, call
from chatd.backup import keeping
from chatd.backup.header import Header
from chatd.backup.making import Limits, Made, make_backup
from chatd.backup.placing import Restored, Target
from chatd.backup.placing import restore as restore_backup
from chatd.backup.restoring import Asked, verify_file
from chatd.backup.trouble import Trouble
from chatd.cli.answers import DONE, FAILED, MISUSED, failed, listed, say
from chatd.cli.steps import steps
from chatd.cli.texts.problems import said_of
from chatd.cli.troubles import TROUBLES, ended_by, mib, text
from chatd.config import Config
from chatd.secret import SECRET_FILE
from chatd.store.database import connect, path_of
from chatd.tuning import bounds_of

_TROUBLES: Final = (*TROUBLES, ValueError)
NAME: Final = "chatd-{0:%Y%m%dT%H%M%SZ}.backup"


class Chosen(NamedTuple):
    """What was typed for a restore."""

    source: Path
    to: str | None
    ledger: Path | None
    no_ledger: bool
    force: bool
    dry_run: bool


def backup(config: Config, to: Path, as_json: bool, verify: bool) -> int:
    """Make a backup, note it in the running server's audit log, and look into it if that is asked for."""
    now = datetime.now(UTC)
    if to.is_dir():
        to = to / NAME.format(now)
    try:
        with steps(as_json) as step:
            made = make_backup(config.store.url, to, _limits(config), _ms(now), step("write"))
            problems = verify_file(to, step) if verify else None
    except _TROUBLES as error:
        return ended_by(error)
    audited = _note(config, made)
    lines = [_made(made)]
    if problems is not None:
        lines += (
            [text("backup_problems", count=len(problems)), *map(said_of, problems)]
            if problems
            else [text("backup_whole")]
        )
    told = _header(made.header) | {
        "file": made.file,
        "bytes": made.size_bytes,
        "seconds": round(made.seconds, 3),
        "audited": audited,
    }
    told |= {"problems": problems} if problems is not None else {}
    say(told, "\n".join([*lines, text("backup_secret")]), as_json)
    return FAILED if problems else DONE


def keep_ledger(config: Config, to: Path, as_json: bool) -> int:
    """Bring a file of the ledger up to date."""
    try:
        path = path_of(config.store.url)
        if path is not None and not path.is_file():
            raise Trouble("no_database", file=path.absolute())
        database = connect(config.store.url)
        try:
            added = keeping.keep_ledger(database, to)
        finally:
            database.close()
    except _TROUBLES as error:
        return ended_by(error)
    say({"file": str(to), "added": added}, text("ledger_done", file=to, count=added), as_json)
    return DONE


def restore(config: Config, chosen: Chosen, as_json: bool) -> int:
    """Bring a backup back."""
    if chosen.ledger is not None and chosen.no_ledger:
        return failed(text("one_ledger"), MISUSED)
    also = [config.store.url]
    if chosen.to is not None:
        config = msgspec.structs.replace(config, store=msgspec.structs.replace(config.store, url=chosen.to))
    try:
        ledger = _ledger_of(config, chosen)
        asked = Asked(chosen.source, ledger, bounds_of(config), _limits(config), _ms(datetime.now(UTC)))
        target = Target(config.store.url, chosen.force, config.state_dir(), config.search_path(), also)
        with steps(as_json) as step:
            done = restore_backup(asked, target, step, dry_run=chosen.dry_run)
    except _TROUBLES as error:
        return ended_by(error)
    ready = done.ready
    told = _header(ready.header) | {
        "to": _place(config),
        "epoch": ready.epoch,
        "revision": ready.revision,
        "again": ready.again,
        "ledger": str(ledger) if ledger is not None else None,
        "ledger_of_old_database": done.old_ledger,
        "learned": ready.learned,
        "ledger_up_to_date": ready.reaches,
        "ledger_ends_at": ready.ends_at,
        "kept": done.kept,
        "dry_run": chosen.dry_run,
        "seconds": round(done.seconds, 3),
    }
    say(told, "\n".join(_restored(config, done, chosen, ledger)), as_json)
    return DONE


def _ledger_of(config: Config, chosen: Chosen) -> Path | None:
    """The file of the ledger. Raises `Trouble` if one is expected and not there."""
    if chosen.no_ledger:
        return None
    named = chosen.ledger or (Path(config.backup.ledger) if config.backup.ledger else None)
    if named is not None and not named.is_file():
        raise Trouble("missing_ledger", file=named)
    return named


def _restored(config: Config, done: Restored, chosen: Chosen, ledger: Path | None) -> Iterator[str]:
    header, again = done.ready.header, done.ready.again
    key = "restore_dry" if chosen.dry_run else "restore_done"
    yield text(key, place=_place(config), at=_moment(header.at), seconds=done.seconds, **header.counts)
    if again:
        yield text("restore_again", again=listed(text(f"again_{kind}", count=n) for kind, n in again.items()))
    elif ledger is not None or done.old_ledger:
        yield text("restore_nothing_again")
    if ledger is None and not done.old_ledger:
        yield text("restore_no_ledger")
    if ledger is not None and not done.ready.reaches:
        ends = text("ledger_empty") if done.ready.ends_at is None else _moment(done.ready.ends_at)
        if done.ready.reaches is False:
            yield text("restore_ledger_old", at=ends)
        elif done.ready.ends_at is None:
            yield text("restore_ledger_empty")
        else:
            yield text("restore_ledger_ends", at=ends)
    if done.old_ledger is False:
        yield text("restore_old_unread")
    if done.folder_made is not None:
        yield text("restore_folder", folder=done.folder_made)
    if done.kept is not None:
        yield text("restore_kept", kept=done.kept)
    if not chosen.dry_run:
        yield text("restore_new_life")
        secret, auth = config.state_dir() / SECRET_FILE, config.auth
        if auth.jwt_algorithm == "HS256" and not (auth.jwt_secret or auth.jwks_url or secret.exists()):
            yield text("restore_secret", file=secret)


def _place(config: Config) -> str:
    """Where to, without a password."""
    path = path_of(config.store.url)
    return str(path) if path is not None else "postgresql"


def _limits(config: Config) -> Limits:
    return Limits(config.store.free_disk_floor_mb * 2**20, config.backup.wal_max_mb * 2**20)


def _note(config: Config, made: Made) -> bool:
    """Have the running server write into its audit log that there is a backup. Whether one did."""
    try:
        call(config.admin_socket_path(), "backup", n=made.header.n, bytes=made.size_bytes)
    except AdminError:
        return False
    return True


def _made(made: Made) -> str:
    header = made.header
    size, at = mib(made.size_bytes), _moment(header.at)
    return text("backup_done", file=made.file, size=size, at=at, seconds=made.seconds, **header.counts)


def _header(header: Header) -> dict[str, Any]:
    return {name: getattr(header, name) for name in ("version", "revision", "kind", "at", "n", "counts")}


def _ms(now: datetime) -> int:
    return int(now.timestamp() * 1000)


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
