"""`chatd broadcast`: one post to many groups, which the server does by itself; and `chatd group notice` for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import DONE, FAILED, MISUSED, ask, bare, fail, in_words, phrase, say
from chatd.cli.completion import group_ids, user_subs
from chatd.cli.govern import group_app
from chatd.cli.listing import After, Limit, say_page, say_record
from chatd.cli.named import OPERATOR_SUB, Group
from chatd.cli.table import on_terminal, operator

broadcast = typer.Typer(help="Post to many groups at once. 群发。", no_args_is_help=True)

PORTION: Final = 200
SHOWN_MAX: Final = 5
_ONE_WAY: Final = (
    "--group, --groups-file, --all, --tag: choose one way to name the groups."
    " --group、--groups-file、--all、--tag：请选一种方式指定群。"
)
_NO_GROUPS: Final = "There are no such groups, {count}: {some}. 没有这些群，共 {count} 个：{some}。"
FILE_LINE_MAX: Final = 256
Id = Annotated[str, typer.Argument(metavar="ID", help="What you call this broadcast. 给这次群发起的名字。")]
Text = Annotated[str, typer.Argument(help="What to say; - reads standard input. 内容；- 表示读标准输入。")]
As = Annotated[
    str | None,
    typer.Option(
        "--as",
        help="Who says it (sub, id or @handle); else the operator. 以谁的名义（sub、id 或 @号码），默认运营方。",
        autocompletion=user_subs,
    ),
]
Plain = Annotated[
    bool, typer.Option("--plain", help="A message that counts as unread, no notice. 普通消息（计未读），而非通知。")
]
Video = Annotated[str | None, typer.Option(help="Show this video of the catalogue. 附上目录里的视频。")]
Product = Annotated[str | None, typer.Option(help="Show this product of the catalogue. 附上目录里的商品。")]


def _content(text: str, plain: bool, video: str | None, product: str | None) -> dict[str, Any]:
    import sys

    if video is not None and product is not None:
        raise fail(bare("--video, --product: one of them. --video 和 --product 只能用一个。"), MISUSED)
    said = sys.stdin.read(65_536).rstrip("\n") if text == "-" else text
    card = {"video": video} if video is not None else {"product": product} if product is not None else {}
    kind = (
        "video_card" if video is not None else "product_card" if product is not None else "text" if plain else "notice"
    )
    return {"kind": kind, "body": card | ({"text": said} if said or not card else {})}


def _named(groups: list[str], file: Path | None) -> Iterator[str]:
    """The groups that are named, one after the other."""
    yield from groups
    if file is None:
        return
    try:
        with file.open(encoding="utf-8") as lines:
            while line := lines.readline(FILE_LINE_MAX):
                if line.strip():
                    yield line.strip()
    except (OSError, UnicodeDecodeError) as error:
        raise fail(f"{file}: {in_words(getattr(error, 'strerror', None) or type(error).__name__)}", MISUSED) from None


def _aim(
    config: ConfigOption,
    broadcast_id: str | None,
    chosen: dict[str, Any],
    named: Iterator[str] | None,
    unknown: list[str],
) -> int:
    """Aim at what was chosen, portion by portion; without an id only count. Returns how many groups were found; those
    that are named and not there are put to `unknown`."""
    found: int = 0
    after = ""
    if named is not None:
        portion: list[str] = []
        for group in named:
            portion.append(group)
            if len(portion) == PORTION:
                found += _aim_at(config, broadcast_id, portion, unknown)
                portion = []
        return found + (_aim_at(config, broadcast_id, portion, unknown) if portion else 0)
    while True:
        page = ask(config, "broadcast.aim", 60.0, broadcast=broadcast_id, after=after, **chosen)
        found += page["found"]
        if "more" not in page:
            return found
        after = page["more"]


def _aim_at(config: ConfigOption, broadcast_id: str | None, groups: list[str], unknown: list[str]) -> int:
    done = ask(config, "broadcast.aim", broadcast=broadcast_id, groups=groups)
    missing = done.get("unknown", [])
    unknown += missing
    return int(done["found"]) - len(missing)


@broadcast.command("send")
def send(
    broadcast_id: Id,
    text: Text,
    group: Annotated[
        list[str] | None,
        typer.Option(help="To this group; may be repeated. 发到此群，可重复。", autocompletion=group_ids),
    ] = None,
    groups_file: Annotated[
        Path | None, typer.Option(help="To the groups in this file, an id a line. 发到文件里的群，每行一个 id。")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="To every group. 发到所有群。")] = False,
    tag: Annotated[
        str | None, typer.Option(help="To groups that somebody with this tag is in. 发到有此标签用户的群。")
    ] = None,
    as_: As = None,
    plain: Plain = False,
    video: Video = None,
    product: Product = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only count. 真的发送；不加则只统计。")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Post to many groups; without --yes it only counts them. 群发；不加 --yes 只统计群数。

    The same ID again is the same broadcast: it goes on, and no group gets it twice. Its ID is free again when it was
    over for [broadcasts] keep_days. 同一 ID 即同一次群发，不会重复；结束 [broadcasts] keep_days 天后 ID 可再用。

    $ chatd broadcast send spring "Spring sale 春季特卖" --all
    $ chatd broadcast send spring "Spring sale 春季特卖" --all --yes
    $ chatd broadcast send tea-7 "New 新品" --product p7 --tag seller --as shop
    """
    named = bool(group or groups_file)
    if named + every + (tag is not None) != 1:
        raise fail(bare(_ONE_WAY), MISUSED)
    content = _content(text, plain, video, product)
    chosen = {"tag": tag} if tag is not None else {}
    if not yes:
        ask(config, "broadcast.plan", broadcast=broadcast_id, sub=as_, dry=True, **content)
        unknown: list[str] = []
        found = _aim(config, None, chosen, _named(group or [], groups_file) if named else None, unknown)
        told = phrase(
            "{found} groups; nothing was sent, --yes sends. {found} 个群；尚未发送，加 --yes 发送。", found=found
        )
        say({"dry_run": True, "groups": found, "unknown": unknown}, told, as_json)
        if unknown:
            some = ", ".join(unknown[:SHOWN_MAX]) + (" …" if len(unknown) > SHOWN_MAX else "")
            raise fail(phrase(_NO_GROUPS, count=len(unknown), some=some))
        return
    planned = ask(config, "broadcast.plan", broadcast=broadcast_id, sub=as_, **content)
    if planned["state"] == "planned":
        _aim(config, broadcast_id, chosen, _named(group or [], groups_file) if named else None, [])
    started = ask(config, "broadcast.start", broadcast=broadcast_id)
    _say_one(started, config, as_json)
    if not as_json and on_terminal():
        print(phrase("How far it is: {command}. 进度：{command}。", command=f"chatd broadcast show {broadcast_id}"))


def _say_one(found: dict[str, Any], config: Path | None, as_json: bool) -> None:
    """One broadcast; for people its sender is named as everywhere else."""
    shown = found
    if not as_json:
        sub = ask(config, "user.show", sub=found["sender"])["sub"]
        shown = found | {"sender": operator() if sub == OPERATOR_SUB else sub}
    say_record(found, shown, as_json)


@broadcast.command("list")
def list_broadcasts(
    after: After = "", limit: Limit = 100, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """List broadcasts and how far they have come. 列出群发及进度。

    $ chatd broadcast list
    """
    page = ask(config, "broadcast.list", after=after, limit=limit)
    say_page(page, ("broadcast", "state", "sent", "groups", "refused", "kind", "at"), page["broadcasts"], as_json)


@broadcast.command("show")
def show(broadcast_id: Id, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show how far a broadcast has come. 查看一次群发的进度。

    $ chatd broadcast show spring
    """
    found = ask(config, "broadcast.show", broadcast=broadcast_id)
    _say_one(found, config, as_json)


@broadcast.command("results")
def results(
    broadcast_id: Id,
    after: After = "",
    limit: Limit = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what came of each group; status 1 if one refused. 查看每个群的结果；有群失败则返回 1。

    $ chatd broadcast results spring --limit 1000 --json
    """
    page = ask(config, "broadcast.results", broadcast=broadcast_id, after=after, limit=limit)
    say_page(page, ("group", "result", "pos"), page["results"], as_json)
    bad = any(one["result"] not in ("sent", "waiting") for one in page["results"])
    raise typer.Exit(FAILED if bad else DONE)


@broadcast.command("cancel")
def cancel(broadcast_id: Id, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let a broadcast go to no further group; what was posted stays. 停止群发，已发出的保留。

    $ chatd broadcast cancel spring
    """
    done = ask(config, "broadcast.cancel", broadcast=broadcast_id)
    say_record(done, done, as_json)


@group_app.command("notice")
def notice(
    group: Group,
    text: Text,
    as_: As = None,
    plain: Plain = False,
    video: Video = None,
    product: Product = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Post a notice to one group, in the operator's name. 以运营方名义在一个群里发通知。

    $ chatd group notice gXXXXXXXXXXXXXXXXXXXXXX "Back at 23:00 今晚恢复"
    """
    done = ask(config, "group.notice", group=group, sub=as_, **_content(text, plain, video, product))
    say(done, phrase("posted. 已发送。"), as_json)
