"""`chatd export`: a group, or what is stored of a person, as lines of JSON, read beside a running server."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import fail, phrase, settings
from chatd.cli.named import Group, Person

export = typer.Typer(
    help="Write out a group, or what is stored of a person, as lines of JSON. 以 NDJSON 导出一个群或一个人的数据。",
    no_args_is_help=True,
)
Out = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        help="The folder for the file; - writes to standard output. 存放文件的目录；- 为标准输出。",
    ),
]
STDOUT: Final = Path("-")
SHOW_EVERY: Final = 1000


@export.command("group")
def export_group(
    group: Group,
    out: Out = STDOUT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export a group: its log as members see it, who was in it when, and the items of its cards. 导出一个群。

    One JSON object a line, as of one moment, while the server goes on. Messages that were recalled are tombstones.
    A file has the mode 0600.
    每行一个 JSON 对象，内容取自同一时刻，服务器照常运行。撤回的消息只剩墓碑。文件权限为 0600。

    $ chatd export group gA1b2C3d4E5f6G7h8I9j0K1 --out exports
    """
    from chatd.service.export import GroupExport

    missing = phrase("there is no such group: {group}. 没有这个群：{group}。", group=group)
    _run(config, out, as_json, lambda database, now: GroupExport(database, group, now), missing)


@export.command("user")
def export_user(
    person: Person,
    out: Out = STDOUT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export what is stored of a person, to be handed to them. 导出一个人自己的数据，可以交给本人。

    Profile, settings, devices, follows, blocks, memberships with their times, messages, requests, invites, unsent text
    and their own log; nothing that others wrote, no password and no token. A file has the mode 0600.
    包括资料、设置、设备、关注、拉黑、历次入群、消息、申请、邀请、草稿和个人日志；不含别人写的东西，
    也没有密码和令牌。文件权限为 0600。

    $ chatd export user ann --out exports
    $ chatd export user ann | head
    """
    from chatd.service.export import UserExport

    missing = phrase("there is no such person: {person}. 没有这个人：{person}。", person=person)
    _run(config, out, as_json, lambda database, now: UserExport(database, person, now), missing)


def _run(config: Path | None, out: Path, as_json: bool, make: Callable[[Any, int], Any], missing: str) -> None:
    from chatd.cli.troubles import TROUBLES, ended_by
    from chatd.service.export import Missing
    from chatd.store.export import snapshot

    now_ms = time.time_ns() // 1_000_000
    try:
        with snapshot(settings(config).store.url) as database:
            made = make(database, now_ms)
            first = next(lines := made.lines())
            name = f"{first['of']}-{first[first['of']]}.ndjson"
            with _target(out, name) as (file, path):
                count = _write(file, first, lines, made.total)
    except Missing:
        raise fail(missing) from None
    except (*TROUBLES, ValueError) as error:
        raise typer.Exit(ended_by(error)) from None
    _tell({"file": str(path) if path is not None else None, "lines": count}, as_json)


def _write(file: BinaryIO, first: dict[str, Any], lines: Iterator[dict[str, Any]], total: int) -> int:
    """Write the records with the last one. Returns how many there are."""
    from rich.console import Console
    from rich.progress import Progress

    from chatd.service.export import end_line

    console, count = Console(stderr=True), 1
    # Into a pipe, what reads it has the terminal; onto the terminal itself, the lines have it.
    alone = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    file.write(_line(first))
    with Progress(console=console, transient=True, disable=not (console.is_terminal and alone)) as progress:
        task = progress.add_task(phrase("export. 导出。"), total=total or None)
        for line in lines:
            file.write(_line(line))
            count += 1
            if count % SHOW_EVERY == 0:
                progress.update(task, completed=min(count, total))
    file.write(_line(end_line(count + 1)))
    file.flush()
    return count + 1


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


@contextlib.contextmanager
def _target(out: Path, name: str) -> Iterator[tuple[BinaryIO, Path | None]]:
    """Where it goes: a file that has its name only once it is whole, and that only its owner reads."""
    if out == STDOUT:
        yield sys.stdout.buffer, None
        return
    if not out.is_dir():
        from chatd.backup.trouble import Trouble

        if not out.absolute().parent.is_dir():
            raise Trouble("no_folder", folder=out.absolute().parent)
        out.mkdir(mode=0o700)
        print(phrase("made the folder {folder}. 已创建文件夹 {folder}。", folder=out.absolute()), file=sys.stderr)
    path = out / name
    part = path.with_name(f".{name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, path
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _tell(done: dict[str, Any], as_json: bool) -> None:
    """What was done; where standard output has the export itself, on standard error."""
    text = json.dumps(done, ensure_ascii=False) if as_json else phrase("{lines} lines. 共 {lines} 行。", **done)
    if done["file"] is None:
        print(text, file=sys.stderr)
    else:
        print(text if as_json else f"{done['file']}: {text}")
