"""What the demo says once it serves, in the terminal and on its page at `/`: lines to paste, and what to try.

What to paste comes last: a terminal of 24 lines shows that much.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from chatd.demo.community import PEOPLE, STRANGER, TALKERS
from chatd.http.front import Door, Line

RULE: Final = "─" * 78

GUIDE: Final = """
{rule}
What to try, with N the number of a message of your own; F1 or /help has the
rest. Kill the server in between (kill -9 {pid}), start it again: nothing is
lost. Ctrl-C stops it; rm -r {folder} forgets everything. Tokens of the others
are in {folder}:
{others}.
  hello              both see it
  /edit N new text   rewrite it, within two minutes
  /recall N          take it back, from everybody
  /add nora          as Kai: refused, not_mutual (he follows her, she not him)
  /follow lena       as Kai: Lena follows him already, now it is mutual ...
  /add lena          ... and she can be pulled in
  /vote tea?         asks everybody, with buttons: a bot; /missed asks another

可以试试（N 是自己那条消息的编号），其余见 F1 或 /help；
界面不是中文时加 --lang zh。
中途 kill -9 {pid} 再启动一次：一条消息都不会丢。
Ctrl-C 停止；rm -r {folder} 清空重来。
  你好               两边都能看到
  /edit N 新内容     两分钟内可以修改
  /recall N          撤回，所有人都看不到了
  /add nora          以 Kai 的身份：被拒绝 not_mutual（Nora 没关注他）
  /follow lena       以 Kai 的身份：Lena 早就关注了他，回关之后互相关注……
  /add lena          ……就能拉她进群
  /投票 喝茶吗？     机器人发起投票，可以点按钮；/错过 问另一个机器人
{rule}
A small community is served 演示社区已启动:  {page}

Chat as two people: open two more terminals here, paste one line into each.
以两个人的身份聊天：在本目录再打开两个终端，各粘贴一行。

{first}

{second}

{stranger} knows nobody here. Start a third one, and paste the share text into it.
{stranger}谁也不认识：再开一个终端，进去后把口令整段粘贴进去，就能入群。

{third}

{share}
{rule}
"""


class Place(msgspec.Struct, frozen=True):
    """Where a demo is: its folder, the group `group` where the two meet, and a `share` text that leads into it."""

    folder: Path
    group: str
    share: str

    def token(self, sub: str) -> Path:
        """Where the token of somebody lies."""
        return self.folder / f"{sub}.token"


def guide(place: Place, ws_url: str, pid: int) -> str:
    """The whole text for the terminal."""
    first, second = (chat_command(ws_url, place.token(sub), place.group) for sub in TALKERS)
    others = ", ".join(sub for sub in PEOPLE if sub not in {*TALKERS, STRANGER})
    return GUIDE.format(
        rule=RULE,
        page=f"http{ws_url.removeprefix('ws').removesuffix('/ws')}/",
        first=first,
        second=second,
        stranger=PEOPLE[STRANGER],
        third=chat_command(ws_url, place.token(STRANGER)),
        share=place.share,
        pid=pid,
        folder=shlex.quote(str(place.folder)),
        others=others,
    )


def doors(place: Place) -> Sequence[Door]:
    """The same for the page, with what else can be tried."""
    first, second = (Line(chat_command("{ws}", place.token(sub), place.group)) for sub in TALKERS)
    settings = ["--config", str(place.folder / "chatd.toml")]
    return [
        Door({"en": "Chat as two people", "zh": "以两个人的身份聊天"}, [first, second]),
        Door(
            {"en": "Bring in a third by a share text", "zh": "用口令带进第三个人"},
            [
                Line(chat_command("{ws}", place.token(STRANGER))),
                Line(
                    place.share,
                    {
                        "en": f"{PEOPLE[STRANGER]} follows nobody. Paste this into their terminal:",
                        "zh": f"{PEOPLE[STRANGER]}谁也没关注。把这段口令粘贴到 TA 的终端里：",
                    },
                ),
            ],
        ),
        Door(
            {"en": "Write a program", "zh": "写个程序"},
            [
                Line(
                    PROGRAM.format(token=place.token(TALKERS[1])),
                    {
                        "en": "Shows everything that happens to Kai; with the Python of .venv.",
                        "zh": "打印 Kai 看到的一切；用 .venv 里的 Python 运行。",
                    },
                )
            ],
        ),
        Door(
            {"en": "Look after the place", "zh": "管理这台服务器"},
            [
                Line(shlex.join([*program(), "stats", *settings]), {"en": "What it is doing.", "zh": "它正在做什么。"}),
                Line(
                    shlex.join([*program(), "member", "list", place.group, *settings]),
                    {"en": "Who is in the group.", "zh": "群里有谁。"},
                ),
                Line(
                    shlex.join([*program(), "audit", *settings]),
                    {"en": "What admins did.", "zh": "管理员做过什么。"},
                ),
            ],
        ),
        Door(
            {"en": "With curl", "zh": "用 curl"},
            [Line("curl {http}/readyz"), Line("curl {http}/live"), Line("curl {http}/metrics")],
        ),
    ]


PROGRAM: Final = """\
import asyncio
from chatd_client import Client

async def main():
    token = open("{token}").read().strip()
    async with Client("{{ws}}", token=token, device="mine") as client:
        async for event in client.events():
            print(event)

asyncio.run(main())"""


def chat_command(url: str, token: Path, group: str = "") -> str:
    """A line for a shell in this folder. `url` may be one that is still to be filled in."""
    words = [*program(), "chat", "--url", "URL", "--token-file", str(token)]
    return shlex.join([*words, "--group", group] if group else words).replace("URL", url, 1)


def program() -> list[str]:
    """How `chatd` of this very environment is called from the current folder."""
    here = Path.cwd()
    script = Path(sys.executable).with_name("chatd")
    words = [script] if script.exists() else [Path(sys.executable)]
    short = [str(word.relative_to(here)) if word.is_relative_to(here) else str(word) for word in words]
    return short if script.exists() else [*short, "-m", "chatd"]
