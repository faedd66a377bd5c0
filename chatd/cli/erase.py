"""`chatd erase`: what would go of a person, and letting it go. Everything goes through the running server."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import ask, phrase, say, settings
from chatd.cli.named import Person

POLL_S: Final = 0.2
TIMEOUT_S: Final = 60.0
"""Counting what somebody wrote takes a while where that is much."""
Yes = Annotated[
    bool, typer.Option("--yes", help="Erase; without it only what would go is told. 真正抹除；不加则只列出会抹除什么。")
]


def erase(person: Person, yes: Yes = False, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Erase a person: what they wrote, and what says who they were. 抹除一个人：其全部发言和个人信息。

    Without --yes nothing is changed. Messages become tombstones that keep their number and time, a name and an account
    go, reactions, follows and unsent text too, memberships end, and no token issued before speaks for that person any
    more. It cannot be undone. What others said or forwarded stays theirs; positions, times and acts in the audit log
    stay, without words.
    不加 --yes 不作任何改动。消息变成只剩编号和时间的墓碑；名字、账号、回应、关注、草稿一并删除，退出所有群，
    此前签发的令牌全部失效，而且无法恢复。别人说的和转发的仍归别人；位置、时间和审计记录（不含文字）会保留。

    $ chatd erase ann
    $ chatd erase ann --yes
    """
    done = ask(config, "erase", TIMEOUT_S, user=person, yes=yes)
    if not yes:
        say(done, _plan(done, ledger=bool(settings(config).backup.ledger)), as_json)
        return
    done |= _watch(config, done["user"], as_json)
    say(done, phrase("{user} is erased. 已抹除 {user}。", user=person), as_json)


def _watch(config: Path | None, user: str, as_json: bool) -> dict[str, Any]:
    """Show how far it is until it is through; whoever interrupts this interrupts only the looking on."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as progress:
        task = progress.add_task(phrase(STAGES["waiting"]), total=None)
        while True:
            state = ask(config, "erase.status", TIMEOUT_S, user=user)
            stage = phrase(STAGES.get(state["stage"], state["stage"]))
            progress.update(task, description=stage, completed=state["done"], total=state["total"] or None)
            if state["stage"] == "done":
                return state
            time.sleep(POLL_S)  # the server tells nobody how far it is: it can only be asked again


STAGES: Final = {
    "waiting": "waiting. 等待中。",
    "own_log": "own log. 个人日志。",
    "entries": "messages. 消息。",
    "words": "names. 名字。",
    "groups": "groups. 群。",
    "edges": "follows. 关注。",
    "rows": "the rest. 其余。",
    "done": "done. 完成。",
}


BACKUPS: Final = (
    "Backups made before still hold it: delete them when new ones are there."
    " 此前的备份里仍有这些数据：有了新备份就请删掉旧的。"
)
AGAIN: Final = "A restore from one erases again. 从旧备份恢复时会再次抹除。"
NO_LEDGER: Final = (
    "No ledger is kept ([backup] ledger): a restore of one elsewhere brings it back."
    " 没有删除台账（[backup] ledger）：从旧备份在别处恢复，这些数据会回来。"
)
KINDS: Final = {
    "message": "messages. 消息。",
    "reaction": "reactions and their removal. 回应及取消。",
    "feature": "featured posts. 精华附言。",
    "edit": "edits. 编辑。",
    "recall": "recalls. 撤回。",
    "pin": "pins. 置顶。",
    "chats": "settings of chats. 会话设置。",
    "drafts": "unsent texts. 草稿。",
    "reads": "read positions. 已读位置。",
    "mentions": "mentions. 被提及。",
    "revocations": "revocations of devices. 设备吊销记录。",
    "devices": "lists of devices. 设备列表。",
    "commands": "remembered commands. 命令记录。",
    "blocks": "blocks. 拉黑。",
    "contacts": "requests for a chat. 私聊请求。",
    "own log": "entries of the own log. 个人日志。",
    "follows": "follows. 关注。",
    "follow_versions": "remembered versions of follows. 关注的版本记录。",
    "handles": "handles. 用户名。",
    "accounts": "accounts. 账号。",
    "groups": "memberships. 群成员身份。",
}
"""What the counts are of; others by their names."""


def _called(kind: str, count: int) -> str:
    if kind not in KINDS:
        return kind
    english, chinese = KINDS[kind].split(". ", 1)
    return phrase(f"{{count}} {english}. {{count}} {chinese}", count=count).rstrip(".。").partition(" ")[2]


def _plan(plan: dict[str, Any], *, ledger: bool) -> str:
    """What would go, in a table."""
    who = f"{plan['sub']} ({', '.join(filter(None, (plan['name'], plan['user'])))})"
    lines = [phrase("This would go of {who}. 将抹除 {who} 的以下数据。", who=who)]
    lines += [f"  {count:>8}  {_called(kind, count)}" for kind, count in {**plan["entries"], **plan["rows"]}.items()]
    if plan["groups"]:
        lines += ["", phrase("Messages by group. 各群的消息。")]
        lines += [f"  {one['messages']:>8}  {one['group']}  {one['title']}".rstrip() for one in plan["groups"]]
    if plan["more_groups"]:
        lines.append(phrase("  and those of {count} more groups. 以及另外 {count} 个群。", count=plan["more_groups"]))
    if len(lines) == 1:
        lines.append("  " + phrase("nothing but the name and what they sign in by. 只有名字和登录标识。"))
    lines += ["", phrase(BACKUPS), phrase(AGAIN if ledger else NO_LEDGER)]
    return "\n".join([*lines, "", phrase("Nothing was changed; --yes erases. 未作任何改动；加 --yes 才会抹除。")])
