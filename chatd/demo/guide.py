"""What the demo says once it serves: two commands to paste, and what to try with them. Text only."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from chatd.demo.community import PEOPLE, TALKERS

RULE: Final = "─" * 78

GUIDE: Final = """
{rule}
chatd serves a small demo community. Open two more terminals in this folder and
paste one of these lines into each:
演示社区已启动。请在本目录再打开两个终端，各粘贴下面一行：

{first}

{second}

Then try, with N the number in front of a message of your own:
  hello              both see it
  /edit N new text   rewrite it, within two minutes
  /recall N          take it back, from everybody
  /add nora          as Kai: refused with not_mutual (he follows her, she not him)
  /follow lena       as Kai: Lena follows him already, so now it is mutual ...
  /add lena          ... and she can be pulled in
  /help              everything else
Kill the server in between (kill -9 {pid}), start it again: nothing is lost.
Ctrl-C stops it; rm -r {folder} forgets everything. Tokens of the others are in
{folder}: {others}.

接着试试（N 是自己那条消息前面的编号）：
  你好               两边都能看到
  /edit N 新内容     两分钟内可以修改
  /recall N          撤回，所有人都看不到了
  /add nora          以 Kai 的身份：被拒绝 not_mutual（他关注了 Nora，Nora 没关注他）
  /follow lena       以 Kai 的身份：Lena 早就关注了他，回关之后互相关注……
  /add lena          ……就能拉她进群
  /help              其他命令（加 --lang zh 显示中文界面）
中途 kill -9 {pid} 杀掉服务器，再启动一次：一条消息都不会丢。
Ctrl-C 停止；rm -r {folder} 清空重来。其他人的令牌也在 {folder} 里。
{rule}
"""


def guide(url: str, token_of: Callable[[str], Path], group: str, folder: Path, pid: int) -> str:
    """The whole text. `group`: where the two meet."""
    first, second = (chat_command(url, token_of(sub), group) for sub in TALKERS)
    others = ", ".join(sub for sub in PEOPLE if sub not in TALKERS)
    return GUIDE.format(rule=RULE, first=first, second=second, pid=pid, folder=shlex.quote(str(folder)), others=others)


def chat_command(url: str, token: Path, group: str) -> str:
    """A line for a shell in this folder."""
    words = [*program(), "chat", "--url", url, "--token-file", str(token), "--group", group]
    return shlex.join(words)


def program() -> list[str]:
    """How `chatd` of this very environment is called from the current folder."""
    here = Path.cwd()
    script = Path(sys.executable).with_name("chatd")
    words = [script] if script.exists() else [Path(sys.executable)]
    short = [str(word.relative_to(here)) if word.is_relative_to(here) else str(word) for word in words]
    return short if script.exists() else [*short, "-m", "chatd"]
