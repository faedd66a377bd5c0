"""`chatd backup` and `chatd restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatd.cli import ConfigOption, JsonOption, settings


def backup(
    to: Annotated[
        Path,
        typer.Argument(
            help="The file to write, or a folder in which it gets a name by the time. 备份文件，或存放的文件夹。"
        ),
    ],
    verify: Annotated[
        bool, typer.Option("--verify", help="Then prove that what is in it is whole. 备份后校验其中的数据。")
    ] = False,
    ledger_only: Annotated[
        bool,
        typer.Option(
            "--ledger-only",
            help="Write no backup, only bring the ledger of what was recalled or erased in that file up to date."
            " 不做备份，只更新该文件中的删除台账。",
        ),
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a backup of the whole database, beside a server that may be running. 备份整个数据库，服务器不必停止。

    Every message that was acknowledged before it began is in it. One file, the same for SQLite and PostgreSQL, so that
    it can be restored into either. The search index is not in it; it is made anew.
    开始备份之前已确认的消息都在里面。SQLite 与 PostgreSQL 的备份格式相同，可以互相恢复。不含搜索索引，它会重新生成。

    $ chatd backup /var/backups/chatd
    $ chatd backup before-upgrade.backup --verify
    $ chatd backup /var/backups/chatd/ledger.ndjson --ledger-only
    """
    from chatd.cli import backups_run

    if ledger_only:
        raise typer.Exit(backups_run.keep_ledger(settings(config), to, as_json))
    raise typer.Exit(backups_run.backup(settings(config), to, as_json, verify))


def restore(
    source: Annotated[Path, typer.Argument(help="The backup. 备份文件。")],
    to: Annotated[
        str | None,
        typer.Option(
            help="Where to, as [store] url names it; default: the database of the settings."
            " 恢复到哪里，写法同 [store] url，默认是设置里的数据库。",
            show_default=False,
        ),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(
            help="The file of the ledger; default: [backup] ledger. 删除台账文件，默认取 [backup] ledger。",
            show_default=False,
        ),
    ] = None,
    no_ledger: Annotated[
        bool,
        typer.Option(
            "--no-ledger",
            help="Go without that file: what was recalled or erased since may come back."
            " 不用台账文件：此后撤回或抹除的内容可能会回来。",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Replace a database that has people in it; a SQLite file is kept under another name."
            " 替换已有用户的数据库；SQLite 文件会改名保留。",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do everything but put it in its place. 只演练，不真正替换。")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a backup back, here or elsewhere. Refuses while a server holds the database. 恢复备份，须先停止服务器。

    What was recalled or erased since the backup goes again, as the ledger says; the rest is as it was then, edited
    messages too. Clients start anew. The server's key stays, so tokens of its accounts and invites go on working. It
    is whole and verified before it takes its place, in one step; interrupted, it leaves what was there.
    备份之后撤回或抹除的内容会按台账再次删除；其他一切恢复到当时，编辑过的消息也变回当时的内容。客户端会重新开始。服务器密钥不变，
    本站账号的令牌和邀请继续有效。校验完好后一步就位；中途打断则保持原样。

    $ chatd restore /var/backups/chatd/chatd-20260101T030000Z.backup --force
    $ chatd restore a.backup --to postgresql://chatd@db/chatd --ledger l.ndjson
    $ chatd restore old.backup --dry-run --json
    """
    from chatd.cli import backups_run

    chosen = backups_run.Chosen(source, to, ledger, no_ledger, force, dry_run)
    raise typer.Exit(backups_run.restore(settings(config), chosen, as_json))
