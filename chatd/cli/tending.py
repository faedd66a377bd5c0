"""The rest of `chatd group`, `chatd member` and `chatd invite`: what the operator does in place of owner and admins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urljoin

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import ask, phrase, say
from chatd.cli.govern import Reason, Tell, group_app, member_app
from chatd.cli.invites import invite
from chatd.cli.named import Group, Person
from chatd.cli.table import shown_time

Role = Literal["member", "admin", "silent"]
History = Annotated[
    str | None, typer.Option(help="What newcomers see: none, all or last:N. 新人能看到：none、all 或 last:N。")
]
Most = Annotated[int | None, typer.Option("--limit", min=2, help="Most members. 人数上限。")]
Minutes = Annotated[
    float | None, typer.Option(min=0.02, max=5_256_000, help="How long; else until lifted. 多少分钟，默认直到解除。")
]


def _seconds(minutes: float | None) -> int | None:
    return None if minutes is None else max(1, round(minutes * 60))


@group_app.command("create")
def create_group(
    owner: Person,
    title: Annotated[str, typer.Argument(help="What it is called. 群名。")],
    kind: Annotated[
        Literal["private", "public"], typer.Option(help="A public one is found and open. public 可被搜到、可直接加入。")
    ] = "private",
    intro: Annotated[str | None, typer.Option(help="What it is about. 群介绍。")] = None,
    history: History = None,
    limit: Most = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a group that somebody owns; prints its id. 为某人建群；输出群 id。

    $ chatd group create ann "Tea 茶友会" --limit 500
    """
    done = ask(config, "group.create", sub=owner, title=title, kind=kind, intro=intro, history=history, limit=limit)
    say(done, done["group"], as_json)


@group_app.command("update")
def update_group(
    group: Group,
    title: Annotated[str | None, typer.Option(help="What it is called. 群名。")] = None,
    intro: Annotated[str | None, typer.Option(help="What it is about. 群介绍。")] = None,
    history: History = None,
    limit: Most = None,
    rules: Annotated[str | None, typer.Option(help="Rules for newcomers. 群规。")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is named; members see that the operator did it. 修改群设置；成员会看到是运营方改的。

    $ chatd group update gXXXXXXXXXXXXXXXXXXXXXX --title "Tea 茶友会" --limit 500
    """
    done = ask(config, "group.update", group=group, title=title, intro=intro, history=history, limit=limit, rules=rules)
    say(done, phrase("changed. 已修改。"), as_json)


@group_app.command("set-limit")
def set_limit(
    group: Group,
    limit: Annotated[int, typer.Argument(min=2, help="Most members. 人数上限。")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change how many people a group may have; a lower limit removes nobody. 修改人数上限；调低不会移出任何人。

    $ chatd group set-limit gXXXXXXXXXXXXXXXXXXXXXX 500
    """
    say(ask(config, "group.update", group=group, limit=limit), phrase("changed. 已修改。"), as_json)


@group_app.command("restrict")
def restrict_group(
    group: Group, minutes: Minutes = None, reason: Reason = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Let nobody below admin write. 全员禁言（管理员除外）。

    $ chatd group restrict gXXXXXXXXXXXXXXXXXXXXXX --minutes 60 --reason "a raid"
    """
    done = ask(config, "group.restrict", group=group, on=True, for_s=_seconds(minutes), reason=reason)
    say(done, "\n".join([phrase("restricted. 已禁言。"), *_until(done)]), as_json)


@group_app.command("unrestrict")
def unrestrict_group(group: Group, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let everybody write again. 解除全员禁言。

    $ chatd group unrestrict gXXXXXXXXXXXXXXXXXXXXXX
    """
    say(ask(config, "group.restrict", group=group, on=False), phrase("lifted. 已解除。"), as_json)


@member_app.command("add")
def add_member(
    group: Group,
    person: Person,
    role: Annotated[Role, typer.Option(help="What they are in it. 角色。")] = "member",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put somebody into a group, followed or not; who is banned stays out. 把某人加进群，不看互关；被封禁者除外。

    $ chatd member add gXXXXXXXXXXXXXXXXXXXXXX dan
    """
    done = ask(config, "member.add", group=group, sub=person, role=role)
    added = phrase("added. 已加入。") if done["result"] == "added" else phrase("was in already. 本来就在群里。")
    say(done, added, as_json)


@member_app.command("role")
def set_role(
    group: Group,
    person: Person,
    role: Annotated[Role, typer.Argument(help="What they are from now on. 新角色。")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a member another role; `group transfer` makes an owner. 修改成员角色；转让群主用 group transfer。

    $ chatd member role gXXXXXXXXXXXXXXXXXXXXXX ben admin
    """
    say(ask(config, "member.role", group=group, sub=person, role=role), phrase("changed. 已修改。"), as_json)


@member_app.command("restrict")
def restrict_member(
    group: Group,
    person: Person,
    minutes: Minutes = None,
    reason: Reason = "",
    tell: Tell = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a member read and not write. 禁言成员。

    $ chatd member restrict gXXXXXXXXXXXXXXXXXXXXXX cat --minutes 60 --reason spam
    """
    done = ask(
        config,
        "member.restrict",
        group=group,
        sub=person,
        on=True,
        for_s=_seconds(minutes),
        reason=reason,
        tell=tell,
    )
    say(done, "\n".join([phrase("restricted. 已禁言。"), *_until(done)]), as_json)


@member_app.command("unrestrict")
def unrestrict_member(group: Group, person: Person, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let a member write again. 解除成员禁言。

    $ chatd member unrestrict gXXXXXXXXXXXXXXXXXXXXXX cat
    """
    say(ask(config, "member.restrict", group=group, sub=person, on=False), phrase("lifted. 已解除。"), as_json)


@invite.command("create")
def create_invite(
    group: Group,
    kind: Annotated[
        Literal["link", "code"], typer.Option(help="A link with a page, or a code for share texts. 链接或口令。")
    ] = "link",
    role: Annotated[Role, typer.Option(help="What a newcomer becomes. 进群后的角色。")] = "member",
    uses: Annotated[int | None, typer.Option(min=1, max=1_000_000, help="Most newcomers. 最多进多少人。")] = None,
    days: Annotated[float | None, typer.Option(min=0.001, max=3650, help="Days it is good for. 有效天数。")] = None,
    approval: Annotated[bool, typer.Option("--approval", help="An admin decides on each. 需管理员同意。")] = False,
    note: Annotated[str, typer.Option(help="What it is for; kept beside it. 备注。")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an invite in the name of the group's owner; prints it once. 以群主名义生成邀请；只显示一次。

    A link is printed as the server's own address until [invites] public_url says what others come to.
    设置 [invites] public_url 之前，链接用服务器自己的地址。

    $ chatd invite create gXXXXXXXXXXXXXXXXXXXXXX --uses 100 --days 7
    $ chatd invite create gXXXXXXXXXXXXXXXXXXXXXX --kind code --note "poster 海报"
    """
    done = ask(
        config,
        "invite.create",
        group=group,
        kind=kind,
        role=role,
        max_uses=uses,
        expires_in=None if days is None else max(1, round(days * 86_400)),
        approval=approval,
        note=note,
    )
    say(done, "" if as_json else done["code"] if kind == "code" else _address_of(done["link"], config), as_json)


def _address_of(link: str, config: Path | None) -> str:
    """A link as it is opened in a browser, also where the server told its path only."""
    from chatd.cli.welcome import page_of, reachable

    return urljoin(page_of(reachable(ask(config, "stats")["url"])), link) if link.startswith("/") else link


def _until(done: dict[str, object]) -> list[str]:
    until = done.get("until")
    return [phrase("until {at}. 到 {at}。", at=shown_time(until))] if isinstance(until, int) else []
