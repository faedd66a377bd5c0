"""What the demo says once it serves, in the terminal and on its page at `/`: lines to paste, and what to try.

The terminal is told in one language, for two would not fit it. What to paste comes last: a terminal of 24 lines shows
that much, and each line of it can be copied from one of 80 columns.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from chatd.cli import DEFAULT_URL
from chatd.cli.language import Lang, cells
from chatd.cli.welcome import COLUMNS, page_of, pasted, program
from chatd.demo.community import PEOPLE, STRANGER, TALKERS, name_in
from chatd.http.front import Door, Line

RULE: Final = "─" * COLUMNS

GUIDES: Final[Mapping[Lang, str]] = {
    "en": """
{rule}
Once you are in (below), try this; N is the number of a message of yours:

  hello              both see it
  /edit N new text   rewrite it, within two minutes
  /recall N          take it back, from everybody
  /add nora          as Kai: refused, for he follows her and she not him
  /follow lena       as Kai: Lena follows him already, now it is mutual ...
  /add lena          ... and she can be pulled in
  /vote tea?         a bot asks everybody, with buttons; /missed asks another
  /product bowl      share a product; /product alone shows what there is
  F1 or /help        the rest

Kill the server in between (kill -9 {pid}; make reports Killed), start it
again: nothing is lost.
Ctrl-C stops it; rm -r {folder} forgets everything.
Who else you can be, each with a token in {folder}:
{others}
{rule}
A small community is served. Its page: {page}
(用中文：make run ARGS='--lang zh')

Chat as two people, {ali} and {kai}: open two more terminals in this folder
and paste one of these into each.

{first}

{second}

{stranger} knows nobody here, so nobody can pull him in. Paste this into a
third terminal, and then the share text below it into the chat that opens.

{third}

{share}
{rule}""",
    "zh": """
{rule}
先按下面说的进来，然后可以试试（N 是自己那条消息的编号）：

  你好               两边都能看到
  /修改 N 新内容     两分钟内可以修改
  /撤回 N            撤回，所有人都看不到了
  /拉人 nora         以 Kai 的身份：被拒绝，他关注了 Nora，Nora 没关注他
  /关注 lena         以 Kai 的身份：Lena 早就关注了他，回关之后互相关注……
  /拉人 lena         ……就能拉她进群
  /投票 喝茶吗？     机器人发起投票，可以点按钮；/错过 问另一个机器人
  /发商品 碗         分享商品；单独输入 /发商品 可以挑选
  F1 或 /帮助        其余的

中途 kill -9 {pid}（make 会报一句 Killed）再启动：一条消息都不会丢。
Ctrl-C 停止，rm -r {folder} 清空重来。
还可以扮演这些人，令牌都在 {folder} 里：
{others}
{rule}
演示社区已启动，首页：{page}
（In English: make run ARGS='--lang en'）

以两个人的身份聊天，{ali}和 {kai}：在本目录再打开两个终端，各粘贴一条。

{first}

{second}

{stranger}谁也不认识，所以谁也拉不了他。再开一个终端粘贴这一条，
进去以后把下面的口令整段粘贴到聊天里，就能入群。

{third}

{share}
{rule}""",
}


class Place(msgspec.Struct, frozen=True):
    """Where a demo is: its folder, the group `group` where the two meet, and a `share` text that leads into it."""

    folder: Path
    group: str
    share: str

    def token(self, sub: str) -> Path:
        """Where the token of somebody lies."""
        return self.folder / f"{sub}.token"


def guide(place: Place, ws_url: str, pid: int, lang: Lang, chosen: Lang | None = None) -> str:
    """The whole text for the terminal. `chosen`: the language that was asked for, which the chats are to have too."""
    asked = ["--lang", chosen] if chosen else []
    first, second = ([*chat_command(ws_url, place.token(sub), place.group), *asked] for sub in TALKERS)
    others = [
        sub if PEOPLE[sub].isascii() else f"{sub} {PEOPLE[sub]}" for sub in PEOPLE if sub not in {*TALKERS, STRANGER}
    ]
    return GUIDES[lang].format(
        rule=RULE,
        page=page_of(ws_url),
        ali=name_in(lang, TALKERS[0]),
        kai=name_in(lang, TALKERS[1]),
        first=pasted(first),
        second=pasted(second),
        stranger=name_in(lang, STRANGER),
        third=pasted([*chat_command(ws_url, place.token(STRANGER)), *asked]),
        share=place.share,
        pid=pid,
        folder=shlex.quote(str(place.folder)),
        others=_listed(others, "、" if lang == "zh" else ", "),
    )


def _listed(words: Sequence[str], between: str) -> str:
    """In lines, none of the words broken."""
    lines = [""]
    for number, word in enumerate(words):
        part = word + (between if number < len(words) - 1 else "")
        if cells(lines[-1] + part.rstrip()) > COLUMNS:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def doors(place: Place) -> Sequence[Door]:
    """The same for the page, with what else can be tried."""
    first, second = (
        Line(
            line_of(chat_command("{ws}", place.token(sub), place.group)),
            {"en": f"As {name_in('en', sub)}:", "zh": f"{name_in('zh', sub)}："},
        )
        for sub in TALKERS
    )
    settings = ["--config", str(place.folder / "chatd.toml")]
    return [
        Door(
            {"en": "Chat as two people", "zh": "以两个人的身份聊天"},
            [
                first,
                second,
                Line(
                    "/product 碗",
                    {
                        "en": "There: share a product by a word of its title. /product alone shows what there is.",
                        "zh": "进了聊天之后：用标题里的词分享商品；单独输入 /发商品 可以挑选。",
                    },
                    "/发商品 碗",
                ),
            ],
        ),
        Door(
            {"en": "Bring in a third by a share text", "zh": "用口令带进第三个人"},
            [
                Line(
                    line_of(chat_command("{ws}", place.token(STRANGER))),
                    {
                        "en": f"As {name_in('en', STRANGER)}, whom nobody follows:",
                        "zh": f"{name_in('zh', STRANGER)}，这里谁也不认识：",
                    },
                ),
                Line(
                    place.share,
                    {
                        "en": "Nobody can pull him in. This share text, pasted into the chat, lets him in:",
                        "zh": "谁也拉不了他。把这段口令粘贴到聊天里，就能入群：",
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


def chat_command(url: str, token: Path, group: str = "") -> list[str]:
    """The words of a line for a shell in this folder. `url` may be one that is still to be filled in."""
    address = [] if url == DEFAULT_URL else ["--url", url]
    words = [*program(), "chat", *address, "--token-file", str(token)]
    return [*words, "--group", group] if group else words


def line_of(words: Sequence[str]) -> str:
    """The line, however long it gets; places like `{ws}` are still to be filled in."""
    return " ".join(word if word.startswith("{") else shlex.quote(word) for word in words)
