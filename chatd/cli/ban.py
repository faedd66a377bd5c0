"""`chatd ban`: who must not come back, over all groups; `chatd member ban` and `unban` do the same in one."""

from __future__ import annotations

from typing import Annotated

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import ask, phrase, say
from chatd.cli.completion import group_ids, user_subs
from chatd.cli.govern import Reason, Tell
from chatd.cli.listing import After, Limit, say_page
from chatd.cli.named import Group, OfGroup, Person
from chatd.cli.table import operator

bans = typer.Typer(
    help="Ban people from single groups (site-wide: user disable). 查看和管理各群的封禁（全站：user disable）。",
    no_args_is_help=True,
)


@bans.command("list")
def list_bans(
    of_group: Annotated[
        str | None,
        typer.Argument(metavar="[GROUP]", help="Only of this group. 只看这个群的。", autocompletion=group_ids),
    ] = None,
    group: OfGroup = None,
    user: Annotated[
        str | None,
        typer.Option(
            help="Only of this person (sub, id or @handle). 只看此人的（sub、id 或 @号码）。", autocompletion=user_subs
        ),
    ] = None,
    after: After = "",
    limit: Limit = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who is banned from which group, by whom and why. 列出谁被哪个群封禁、由谁、为何。

    $ chatd ban list
    $ chatd ban list gXXXXXXXXXXXXXXXXXXXXXX
    $ chatd ban list --user cat --json
    """
    from chatd.cli.audit import short_of

    page = ask(config, "ban.list", group=of_group or group, sub=user, after=after, limit=limit)
    rows = [one | {"sub": short_of(one["sub"]), "by": one["by_sub"] or operator()} for one in page["bans"]]
    say_page(page, ("group", "sub", "name", "at", "by", "reason"), rows, as_json, spare=("name",))


@bans.command("add")
def add_ban(
    group: Group,
    person: Person,
    reason: Reason = "",
    tell: Tell = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ban somebody from a group, in it or not; its admins cannot lift it. 禁止某人进群，群管理员不能解除。

    $ chatd ban add gXXXXXXXXXXXXXXXXXXXXXX cat --reason spam --tell
    """
    done = ask(config, "member.kick", group=group, sub=person, reason=reason, tell=tell, ban=True)
    say(done, phrase("banned. 已封禁。"), as_json)


@bans.command("remove")
def remove_ban(group: Group, person: Person, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Lift a ban, whoever made it. 解除封禁，不论是谁封的。

    $ chatd ban remove gXXXXXXXXXXXXXXXXXXXXXX cat
    """
    say(ask(config, "member.unban", group=group, sub=person), phrase("lifted. 已解除。"), as_json)
