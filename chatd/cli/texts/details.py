"""What the server and the settings say of a mistake, in Chinese. They speak English, for the wire has no language.

A line is a pattern of what they say and the same in Chinese, in which `{0}`, `{1}` are what the pattern caught. The
first that fits counts. `tests/cli/test_details.py` finds every sentence of the acts that is missing here.
"""

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = r"[\w.$\[\]`, -]+"

DETAILS: Final = (
    # -- before what begins alike
    (r"behind the tab: expected block or mask", "制表符后面应为 block 或 mask"),
    # -- somebody or something that is not there
    (r"There is no such person: (.+)", "没有这个人：{0}"),
    (r"There is no such person\.", "没有这个人"),
    (r"There is no bot called (.+)\.", "没有叫 {0} 的机器人"),
    (r"Nobody has begun to erase this person\.", "还没有开始删除此人"),
    (r"There is a bot of this name\.", "已有同名机器人"),
    (r"Take the older tokens back first \(--rotate\)\.", "令牌太多，请先用 --rotate 收回旧的"),
    (
        r"`bot:` begins the `sub` of bots, which `chatd bot create` makes",
        "`bot:` 开头的 sub 属于机器人，请用 chatd bot create",
    ),
    # -- groups and people in them
    (r"Somebody who is banned is not let in", "此人已被封禁，不能进群"),
    (r"Who was put out comes back by an admin's invite only", "曾被移出的人只能由管理员邀请回来"),
    (r"This is not done in a direct chat", "私聊里不能这样做"),
    (r"This is not done to the owner: give the group to somebody else first", "不能对群主这样做，请先把群转让给别人"),
    (r"Nobody is put out of a direct chat", "不能把人移出私聊"),
    (r"There is no such group", "没有这个群"),
    (r"This person is not banned there", "此人在那里没有被封禁"),
    (r"This person is not in the group", "此人不在群里"),
    (r"A direct chat is not dissolved", "私聊不能解散"),
    (r"A direct chat has two people", "私聊是两个人之间的"),
    (r"A direct chat has none", "私聊没有这一项"),
    (r"The owner owns it already", "他已经是群主"),
    (r"The group has no owner", "这个群没有群主"),
    (r"A bot owns no group\.", "机器人不能当群主"),
    (r"The operator does not write in a direct chat", "运营方不在私聊里发言"),
    (r"The group asks a question", "进群要回答问题"),
    (r"The door asks a question: there has to be one", "进群方式是回答问题，请先设问题"),
    (r"Nobody follows themselves", "不能关注自己"),
    (r"Nobody blocks themselves", "不能拉黑自己"),
    (r"Nobody invites themselves", "不能邀请自己"),
    (r"Nobody asks themselves", "不能向自己申请"),
    (r"Only a direct chat is created with somebody", "只有私聊在创建时指定对方"),
    (r"A directed invite is for somebody, and no other one is", "定向邀请要指定一个人，其他邀请不能指定"),
    (r"An invite is named by its `secret` or by its id", "用密文或 id 指定邀请"),
    (r"The code has a wrong character", "口令里有不能用的字符"),
    (r"`(\w+)` is for `(\w+)` and above", "权限 {0} 至少要 {1}"),
    (r"Names no right", "没有这项权限"),
    (r"Names somebody twice", "有人被写了两次"),
    (r"(?:Names|names) nothing to change: (.+)", "没有指明要改什么：{0}"),
    # -- retention
    (r"Another run is under way: wait until it is through\.", "正在清理过期消息，请等它结束"),
    # -- broadcasts, imports
    (r"The id (.+) is taken by another broadcast: choose another one", "名字 {0} 已被另一次群发使用，请换一个"),
    (r"The broadcast is (\w+): it is aimed before it starts", "群发已是 {0} 状态，不能再加群"),
    (r"The broadcast was cancelled", "群发已取消"),
    (r"The broadcast is done", "群发已完成"),
    (r"The import stands somewhere else", "导入的进度对不上，可能有另一个导入在进行"),
    (r"`body`: without buttons and marked parts", "内容不能带按钮和标记"),
    # -- what is switched off, or not running
    (r"There are no accounts of our own: \[accounts\] signup is off\.", "没有开通本站账号：[accounts] signup 是 off"),
    (r"Only the operator makes accounts here\.", "只有运营方可以创建账号"),
    (r"Search is switched off: \[search\] on = false\.", "搜索已关闭：[search] on = false"),
    (r"Search is switched off\.", "搜索已关闭"),
    (
        r"The program that follows the log is not running; it is started again by itself\.",
        "索引进程没有运行，它会自动重启",
    ),
    (
        r"That run ended with the server it began in: the rest goes with the next run\.",
        "服务器已重启，那次清理随之结束：其余的留给下一次清理",
    ),
    # -- tokens and accounts
    (r"The token was not accepted\.", "令牌未被接受"),
    (r"The token is not one of ours\.", "令牌不是本站签发的"),
    (r"The token is for another device\.", "令牌属于另一台设备"),
    (r"The token speaks for somebody else\.", "令牌代表的是别人"),
    (r"`sub` is for another issuer's tokens\.", "这个 sub 只能由另一个签发方使用"),
    (r"There is no such token of a bot, or not any more\.", "没有这个机器人令牌，或它已失效"),
    (r"The user is gone\.", "该用户已不存在"),
    (r"The login or the password is wrong\.", "登录名或密码错误"),
    (r"The password is too short\.", "密码太短"),
    (r"A login has no spaces\.", "登录名不能有空格"),
    (r"`exp` or `iat` is not a number of seconds\.", "`exp` 或 `iat` 不是秒数"),
    (r"only a host with the private key can mint (\w+) tokens", "{0} 令牌只能由持有私钥的宿主应用签发"),
    (r"the server would not accept it: (.+)", "服务器不会接受它：{0}"),
    # -- what a value must be
    (r"Missing required field(?:, .+)?", "缺少必填项"),
    (r"This field is required", "此项必填"),
    (r"Object missing required field `(\w+)`", "缺少必填项 {0}"),
    (r"Object contains unknown field `(.+)`", "没有 {0} 这一项"),
    (r"There is no such field: (.+)", "没有这一项，可用：{0}"),
    (r"Unknown field", "没有这一项"),
    (r"Expected `object`", "应为 JSON 对象"),
    (r"Expected `(?:int|float)` (<=|>=|<|>) (\S+)", "应 {0} {1}"),
    (r"Expected `str` of length <= (\d+)", "最多 {0} 个字符"),
    (r"Expected `str` of length >= (\d+)", "至少 {0} 个字符"),
    (r"Expected `str` matching regex (.+)", "格式不对：{0}"),
    (r"Expected `(.+?)`, got `(.+?)`", "应为 {0}，实际是 {1}"),
    (r"Expected one of (.+)", "应为以下之一：{0}"),
    (r"Expected an integer from (\d+) to (\d+)", "应为 {0} 到 {1} 的整数"),
    (r"Expected an? (.+)", "应为 {0}"),
    (r"Expected 1 to (\d+) printable characters", "应为 1 到 {0} 个可见字符"),
    (r"Expected at most (\d+)(?: items and deletions)?", "最多 {0} 个"),
    (r"(?:`?([\w ]+?)`?|a tag) is not 1 to (\d+) (?:printable )?characters\.?", "{0} 应为 1 到 {1} 个可见字符"),
    (r"`(\w+)` is not at most (\d+) printable characters", "{0} 最多 {1} 个可见字符"),
    (r"`(\w+)` are at most (\d+), with a line for each", "{0} 最多 {1} 个"),
    (r"`tags` is not a list of at most (\d+)", "标签最多 {0} 个"),
    (r"`exp` of a tag is not a number of seconds", "标签的 exp 不是秒数"),
    (r"`(\w+)` is no currency of ISO 4217", "{0} 不是 ISO 4217 的货币"),
    (
        r"bot: expected 2 to 32 small letters, digits, `_` or `-`, a letter first",
        "机器人标识应为 2 到 32 个小写字母、数字、_ 或 -，以字母开头",
    ),
    (
        rf"({_NAMES}): (?:expected )?at most (\d+) (?:printable )?characters(?:, and true or false)?",
        "{0} 最多 {1} 个字符",
    ),
    (
        rf"({_NAMES}): expected 1 to (\d+) (?:printable )?characters(?:, and true or false)?",
        "{0} 应为 1 到 {1} 个可见字符",
    ),
    (rf"({_NAMES}): expected printable text", "{0} 应为可见字符"),
    (rf"({_NAMES}): expected (?:an id and )?(\d+) to (\d+)", "{0} 应为 {1} 到 {2}"),
    (rf"({_NAMES}): expected up to (\d+)", "{0} 最大 {1}"),
    (rf"({_NAMES}): expected true or false", "{0} 应为 true 或 false"),
    (rf"({_NAMES}): expected (?:one of |some of )?(.+)", "{0} 应为 {1}"),
    # -- files to import, lists of words
    (r"(.+?):(\d+): (behind the tab: .+|no word of .+|more than \d+ words.*)", "{0} 第 {1} 行：{2}"),
    (r"no word of 1 to (\d+) characters", "应为 1 到 {0} 个字符的词"),
    (r"more than (\d+) words \(\[words\] words_max\)", "超过 {0} 个词（[words] words_max）"),
    (r"(\S+): (not UTF-8|more than \d+ bytes)", "{0}：{1}"),
    (r"not UTF-8", "不是 UTF-8"),
    (r"more than (\d+) bytes", "超过 {0} 字节"),
    (r"not JSON", "不是 JSON"),
    (r"longer than (\d+) bytes", "超过 {0} 字节"),
    (r"not CSV in UTF-8: (.+)", "不是 UTF-8 的 CSV：{0}"),
    (r"(\d+) fields, the first line names (\d+)", "有 {0} 个字段，首行列出 {1} 个"),
    (r"the database could not be read now", "数据库暂时读不出来"),
    (r"there is no such user", "没有这个用户"),
    (r"nobody follows themselves", "不能关注自己"),
    (r"follows as many as \[limits\] following_max allows", "关注数已达 [limits] following_max"),
    # -- the database, files, the start
    (r"(.+) is in use by another chatd", "{0} 正被另一个 chatd 使用"),
    (
        r"the database is at revision (\S+), which this version of chatd does not know",
        "数据库版本 {0} 本版本 chatd 不认识",
    ),
    (r"another program's transactions keep being in the way", "另一个程序一直占用数据库"),
    (r"there is no database at (.+)", "{0} 处没有数据库"),
    (r"cannot start: (.+)", "无法启动：{0}"),
    (r"\[Errno \d+\] (.+?): '(.+)'", "{1}：{0}"),
    (r"(\S+): (No such file or directory|Permission denied|Is a directory|Not a directory)", "{0}：{1}"),
    (r"No such file or directory", "没有这个文件或目录"),
    (r"Permission denied", "没有访问权限"),
    (r"Is a directory", "这是一个目录"),
    (r"Not a directory", "不是目录"),
    (r"Connection refused", "连接被拒绝"),
    (r"(\S+) holds no PEM key", "{0} 里没有 PEM 密钥"),
    (
        r"(\S+) holds no secret of at least (\d+) characters; remove it to get a new one",
        "{0} 里没有至少 {1} 个字符的密钥；删除它可重新生成",
    ),
    # -- the settings
    (r"((?:\S+:\d+|CHATD_\w+|environment): .*)\n(.+)", "{0}\n{1}"),
    (r"(\[\w+\] \w+(?: and \w+)?): set (?:both or neither|one of them)", "{0}：要么都设，要么只设其一"),
    (r"(\S+): (\[\w+\] \w+): (.+)", "{0}：{1}：{2}"),
    (r"(\[\w+\] \w+): must (?:be less than|not exceed) (.+)", "{0} 不能超过 {1}"),
    (r"(\[\w+\] \w+): at least (\d+) bytes", "{0} 至少 {1} 字节"),
    (r"expected a whole number", "应为整数"),
    (r"expected a number", "应为数字"),
    (r"expected true or false", "应为 true 或 false"),
    (r"expected (.+)", "应为 {0}"),
)
"""Longer ones before shorter ones that begin alike."""

_FITTED: Final = tuple((re.compile(pattern, re.DOTALL), chinese) for pattern, chinese in DETAILS)


def in_chinese(text: str) -> str | None:
    """The same in Chinese, also within a field's name; None where it is not known."""
    for pattern, chinese in _FITTED:
        if found := pattern.fullmatch(text):
            caught = [part or "" for part in found.groups()]
            return chinese.format(*(in_chinese(part) or part for part in caught))
    if found := re.fullmatch(r"(?:field )?`?([\w.$\[\]]+)`?: (.+)", text, re.DOTALL):
        inner = in_chinese(found[2])
        return None if inner is None else f"{found[1]}：{inner}"
    return None
