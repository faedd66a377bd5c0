"""`chatd follow`: who follows whom, as the operator imports it, changes it and explains it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import DONE, FAILED, MISUSED, ask, bare, fail, phrase, say, settings
from chatd.cli.completion import group_ids, user_subs
from chatd.cli.listing import After, Limit, say_page
from chatd.cli.named import Person

follow = typer.Typer(help="Import and change who follows whom. 导入和修改关注关系。", no_args_is_help=True)

From = Annotated[
    str,
    typer.Argument(
        metavar="FROM",
        help="Who follows: their sub, id or @handle. 关注者：sub、id 或 @号码。",
        autocompletion=user_subs,
    ),
]
To = Annotated[
    str,
    typer.Argument(metavar="TO", help="Who is followed (likewise). 被关注者（同上）。", autocompletion=user_subs),
]
Which = Literal["following", "followers", "mutual"]
_NAME: Final = (
    "--name: 1 to 100 printable characters, for standard input only. --name：1 到 100 个可见字符，只用于标准输入。"
)
RESULTS: Final = {
    "added": "{one} follows {other} now. {one} 已关注 {other}。",
    "removed": "{one} no longer follows {other}. {one} 已取消关注 {other}。",
    "same": "it was so already. 本来就是这样。",
}
EDGES: Final = {
    "follows": (
        "{who} follows {whom}. {who} 关注了 {whom}。",
        "{who} does not follow {whom}. {who} 没有关注 {whom}。",
    ),
    "blocks": (
        "{who} has blocked {whom}. {who} 拉黑了 {whom}。",
        "{who} has not blocked {whom}. {who} 没有拉黑 {whom}。",
    ),
}
"""What is so, and what is not."""
REASONS: Final = {
    "added": "may pull them in: both follow each other. 可以拉：互相关注。",
    "asked": "may ask them in: they want to be asked first. 可以邀请：对方要求先问。",
    "already": "is in the group already. 已经在群里。",
    "not_mutual": "may not: they do not both follow each other. 不可以：未互相关注。",
    "blocked": "may not: one has blocked the other. 不可以：有拉黑。",
    "opted_out": "may not: they let nobody pull them in. 不可以：对方不让人拉。",
    "banned": "may not: they are banned from the group. 不可以：对方被禁止进群。",
    "kicked": "may not: they were put out, and only an admin brings them back. 不可以：曾被移出，只有管理员能拉回。",
    "full": "may not: the group is full, or they are in too many groups. 不可以：群已满，或对方的群数已到上限。",
    "dissolved": "may not: the group is dissolved. 不可以：群已解散。",
    "no_member": "may not: who asks is not in the group. 不可以：拉人者不在群里。",
    "forbidden": "may not: who asks lacks the right to pull people into this group. 不可以：拉人者没有这个权限。",
    "read_only": "may not: nothing can be changed in this group. 不可以：群是只读的。",
}


@follow.command("import")
def import_edges(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-",
            help="One JSON object a line with `from` and `to`, and perhaps `op` (add or remove) and `version`; or a"
            " .csv of two columns. 每行一个 JSON 对象，含 from、to，可含 op（add 或 remove）和 version；"
            "或两列的 .csv。",
        ),
    ],
    form: Annotated[
        Literal["ndjson", "csv"] | None,
        typer.Option("--format", help="By default as the name of the file says. 格式，默认看文件名。"),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="What to know standard input by, to go on with it. 给标准输入起名，以便续传。"),
    ] = None,
    existing: Annotated[
        bool,
        typer.Option("--existing", help="Make no users; unknown ones are refused. 不新建用户，未知者被拒。"),
    ] = False,
    refused: Annotated[
        Path | None, typer.Option(help="Write refused lines here, as JSON objects. 被拒的行以 JSON 写到这里。")
    ] = None,
    rate: Annotated[
        int | None, typer.Option(min=1, max=1_000_000, help="Most edges a second. 每秒最多多少条。")
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Rest never; live messages wait longer. 不停歇，实时消息会等得更久。")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="From the first line, even if it was imported before. 从第一行重新来。")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import who follows whom; the same again goes on where it stopped. 导入关注关系；中断后再执行即续传。

    A file is known by what is in it. Nothing is done twice, whatever was killed. Without a server the database is
    written. Ends with status 1 if lines were refused, also when the same is imported again; --refused lists them.
    文件按内容识别。无论中途杀掉什么，都不会重复执行。没有服务器时直接写数据库。有行被拒时退出码为 1，
    再次导入同一文件也是；--refused 列出被拒的行。

    $ chatd follow import graph.ndjson --refused refused.ndjson
    $ chatd follow import graph.csv --rate 5000
    $ zcat graph.ndjson.gz | chatd follow import - --name monday
    """
    from chatd.cli.follow_run import Wanted, import_file

    if name is not None and (file != "-" or not 1 <= len(name) <= 100 or not name.isprintable()):
        raise fail(bare(_NAME), MISUSED)
    by_name: Literal["ndjson", "csv"] = "csv" if file.lower().endswith(".csv") else "ndjson"
    path = None if file == "-" else Path(file)
    wanted = Wanted(path, form or by_name, name, not existing, refused, rate, fast, again)
    raise typer.Exit(import_file(settings(config), wanted, as_json))


@follow.command("add")
def add(one: From, other: To, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let one follow the other. 让一人关注另一人。

    $ chatd follow add ann ben
    """
    done = ask(config, "follow.add", sub=one, target=other)
    say(done, phrase(RESULTS[done["result"]], one=one, other=other), as_json)


@follow.command("remove")
def remove(one: From, other: To, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let one follow the other no longer. 取消一人对另一人的关注。

    Their direct chat and the groups of fans do what they do when somebody unfollows. 单聊和粉丝群按取消关注处理。

    $ chatd follow remove ann ben
    """
    done = ask(config, "follow.remove", sub=one, target=other)
    say(done, phrase(RESULTS[done["result"]], one=one, other=other), as_json)


@follow.command("list")
def list_edges(
    person: Person,
    which: Annotated[
        Which, typer.Option(help="Whom they follow, who follows them, or both. 关注、粉丝或互关。")
    ] = "following",
    after: After = "",
    limit: Limit = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List whom somebody follows, who follows them, or both. 列出关注、粉丝或互关。

    $ chatd follow list ann
    $ chatd follow list ann --which mutual --json
    """
    page = ask(config, "follow.list", sub=person, which=which, after=after, limit=limit)
    say_page(page, ("sub", "name", "at", "user"), page["users"], as_json)


@follow.command("check")
def check(
    one: Annotated[
        str,
        typer.Argument(
            metavar="FROM",
            help="Who would pull: their sub, id or @handle. 拉人者：sub、id 或 @号码。",
            autocompletion=user_subs,
        ),
    ],
    other: Annotated[
        str,
        typer.Argument(
            metavar="TO", help="Who would be pulled in (likewise). 被拉者（同上）。", autocompletion=user_subs
        ),
    ],
    group: Annotated[str | None, typer.Option(help="Into this group. 拉进哪个群。", autocompletion=group_ids)] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why one may pull the other in, or why not (then status 1). 说明能否拉人及原因；不能则返回 1。

    $ chatd follow check ann ben
    $ chatd follow check ann ben --group gXXXXXXXXXXXXXXXXXXXXXX --json
    """
    found = ask(config, "follow.check", sub=one, target=other, group=group)
    lines = [
        phrase(EDGES[name][not found[edge]], who=who, whom=whom)
        for name, edge, who, whom in (
            ("follows", "follows", one, other),
            ("follows", "followed", other, one),
            ("blocks", "blocks", one, other),
            ("blocks", "blocked", other, one),
        )
    ]
    blocked = found["result"] == "not_mutual" and (found["blocks"] or found["blocked"])
    lines.append(phrase(REASONS["blocked" if blocked else found["result"]]))
    say(found, "\n".join(lines), as_json)
    raise typer.Exit(DONE if found["may"] else FAILED)
