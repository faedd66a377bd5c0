"""Every text that the terminal chat shows, in both languages. One table each, with the same keys (tests compare them).

Codes of errors and of closes stand beside their words, so that a person can ask about them. Nothing here prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Lang = Literal["en", "zh"]

HELP_EN: Final = """\
Text is sent to the open group. POS is the number in front of a message,
SUB the name in somebody's token.
  /groups           your groups          /open N|ID        open one of them
  /history          older messages       /members          who is in it
  /reply POS TEXT   answer a message     /edit POS TEXT    rewrite your own
  /react POS SIGN   add a sign, like 👍  /unreact POS SIGN take it back
  /recall POS       take a message back  /who              who you are
  /new TITLE        make a group         /direct SUB       talk to one person
  /add SUB ...      pull people in       /kick SUB         put somebody out
  /leave            leave the group
  /follow SUB       follow somebody      /unfollow SUB     no more
  /block SUB        block somebody       /unblock SUB      no more
  /help             this page            /quit             end the chat
To send text that begins with a slash, write two: //"""

HELP_ZH: Final = """\
直接输入文字就发到当前群。POS 是消息前面的编号，SUB 是对方令牌里的名字。
  /groups           我的群               /open N|ID        打开其中一个
  /history          更早的消息           /members          群里有谁
  /reply POS 文字   回复一条消息         /edit POS 文字    修改自己的消息
  /react POS 表情   加表情，如 👍        /unreact POS 表情 取消表情
  /recall POS       撤回一条消息         /who              我是谁
  /new 群名         建一个群             /direct SUB       和一个人单聊
  /add SUB ...      拉人进群             /kick SUB         移出群
  /leave            退群
  /follow SUB       关注                 /unfollow SUB     取消关注
  /block SUB        拉黑                 /unblock SUB      取消拉黑
  /help             本页                 /quit             退出
要发送以斜杠开头的文字，请写两个斜杠：//"""

EN: Final[dict[str, str]] = {
    "help": HELP_EN,
    # the session
    "connecting": "connecting to {url} …",
    "connected": "connected as {name}; /help shows what you can type",
    "resumed": "resumed, {missed} missed",
    "reconnecting": "connection lost ({code} {reason}); reconnecting in {seconds} s …",
    "reset": "the server was restored from a backup: what was shown may be gone",
    "reset_group": "{title}: what was shown may be gone; open it again",
    "truncated": "{title}: older entries are no longer there",
    "closed": "closed by the server: {why} ({code} {reason})",
    "bye": "bye",
    "state_online": "online",
    "state_offline": "reconnecting …",
    "token_expiring": "your token runs out soon; start again with a new one",
    "going_away": "the server is stopping; this client comes back by itself",
    # groups
    "no_groups": "You are in no group. /new TITLE makes one, /direct SUB talks to one person.",
    "unread": "{count} unread",
    "total_unread": "{count} unread in other groups",
    "opened": "── {title} · {members} members · {unread} unread ──",
    "no_open_group": "No group is open: /groups, then /open N.",
    "added_to": "you are in “{title}” now, pulled in by {by}",
    "entered": "you are in “{title}” now",
    "removed_left": "you left “{title}”",
    "removed_kicked": "{by} put you out of “{title}”",
    "direct_read_only": "{title}: you can no longer write to each other",
    "direct_writable": "{title}: you can write to each other again",
    "archived": "{title}: put away",
    "unarchived": "{title}: back in the list",
    "elsewhere": "[{title}] {name}: {text}",
    "day": "── {day} ──",
    "start_of_history": "── the beginning of what you can see ──",
    # entries
    "you": "you",
    "edited_mark": "(edited)",
    "message_recalled": "— recalled by {name} —",
    "quote_recalled": "{pos}: recalled",
    "quote": "{pos} {name}: {text}",
    "unknown_message": "a message of a kind this program cannot show",
    "created": "{name} made the group",
    "joined": "{name} is in, pulled in by {by}",
    "came": "{name} is in",
    "left": "{name} left",
    "kicked": "{by} put {name} out",
    "role": "{by} made {name} {role}",
    "settings": "{by} changed: {what}",
    "setting_title": "name “{value}”",
    "setting_intro": "introduction",
    "setting_history": "history for newcomers: {value}",
    "setting_limit": "room for {value}",
    "edited": "{by} edited {target}: {text}",
    "edited_gone": "{by} edited {target}, which is gone",
    "recalled": "{by} recalled {target}",
    "reacted": "{by} reacted to {target} with {emoji}",
    "unreacted": "{by} took {emoji} back from {target}",
    "role_owner": "owner",
    "role_admin": "admin",
    "role_member": "member",
    "typing": "{name} is typing …",
    # what was done
    "sent": "✓ {pos}",
    "done": "✓",
    "group_made": "✓ {group}",
    "following": "you follow {name}",
    "following_mutual": "you follow {name}, and {name} follows you",
    "unfollowed": "you no longer follow {name}",
    "blocked": "{name} is blocked",
    "unblocked": "{name} is no longer blocked",
    "members_title": "{count} members:",
    "who": "{name} · {sub} · {user} · device {device} · {state}",
    "put_away": "✓ put away",
    "result_added": "{name}: is in now",
    "result_already": "{name}: was in already",
    "result_not_mutual": "{name}: you do not follow each other (not_mutual)",
    "result_full": "{name}: there is no room (full)",
    "result_kicked": "{name}: was put out before, only an admin can pull them in (kicked)",
    # what was typed wrong
    "unknown_command": "There is no command {name}; /help lists them.",
    "usage": "That is written: {usage}",
    "no_such_number": "There is no group {number}; /groups lists them.",
    "no_such_user": "Nobody called {sub} has been here.",
    "bad_token_file": "The token cannot be read from {path}: {why}",
    "no_token": "A token is needed: --token or --token-file.",
    "two_tokens": "Give --token or --token-file, not both.",
    "bad_url": "The address is not usable: {why}",
    "bad_lang": "The language is zh or en.",
    "bad_device": "The device is a name of 1 to 64 visible ASCII characters.",
    "error": "✗ {words} ({code})",
    # errors by code
    "error_malformed": "the server could not read that",
    "error_invalid": "that is not valid: {message}",
    "error_unknown_op": "this server cannot do that",
    "error_wrong_state": "not now",
    "error_unauthenticated": "the token was not accepted",
    "error_revoked": "this token was revoked",
    "error_not_found": "there is no such thing, or it is not for you to see",
    "error_forbidden": "you have no right to do that",
    "error_not_mutual": "you must follow each other for that",
    "error_owner_must_stay": "the owner cannot leave",
    "error_read_only": "nothing can be written here",
    "error_too_late": "too late for that",
    "error_gone": "that message was recalled",
    "error_limit": "a limit is reached: {message}",
    "error_conflict": "this was already used for something else",
    "error_out_of_order": "the message before it was not accepted",
    "error_rate_limited": "too fast, try again a little later",
    "error_overloaded": "the server is too busy, try again a little later",
    "error_unavailable": "the server cannot store or read anything now",
    "error_storage_full": "the server's disk is nearly full",
    "error_internal": "the server failed",
    "error_other": "refused: {message}",
    # closes by name
    "close_normal": "it said goodbye",
    "close_protocol_error": "it is not a chatd server, or speaks another version",
    "close_unsupported_data": "it expected another encoding",
    "close_invalid_data": "it could not read what was sent",
    "close_policy": "too many fragments",
    "close_too_big": "the message was too big",
    "close_malformed": "it could not read what was sent",
    "close_unauthenticated": "the token was not accepted",
    "close_revoked": "this token was revoked",
    "close_token_expired": "the token has run out",
    "close_replaced": "the same device connected from somewhere else",
    "close_other": "it does not want this client back",
}

ZH: Final[dict[str, str]] = {
    "help": HELP_ZH,
    "connecting": "正在连接 {url} …",
    "connected": "已登录：{name}。输入 /help 查看可用命令",
    "resumed": "已恢复，错过 {missed} 条",
    "reconnecting": "连接断开（{code} {reason}），{seconds} 秒后重连…",
    "reset": "服务器从备份恢复过，之前显示的内容可能已不存在",
    "reset_group": "{title}：之前显示的内容可能已不存在，请重新打开",
    "truncated": "{title}：更早的内容已不在",
    "closed": "服务器断开了连接：{why}（{code} {reason}）",
    "bye": "再见",
    "state_online": "在线",
    "state_offline": "重连中…",
    "token_expiring": "令牌即将过期，请换新令牌重新启动",
    "going_away": "服务器正在停止，本程序会自动重连",
    "no_groups": "你还没有群。/new 群名 建一个群，/direct SUB 和一个人单聊。",
    "unread": "{count} 条未读",
    "total_unread": "其他群有 {count} 条未读",
    "opened": "── {title} · {members} 人 · {unread} 条未读 ──",
    "no_open_group": "还没有打开群：先 /groups，再 /open N。",
    "added_to": "{by} 把你拉进了“{title}”",
    "entered": "你已在“{title}”中",
    "removed_left": "你退出了“{title}”",
    "removed_kicked": "{by} 把你移出了“{title}”",
    "direct_read_only": "{title}：你们不能再互发消息",
    "direct_writable": "{title}：你们又可以互发消息了",
    "archived": "{title}：已收起",
    "unarchived": "{title}：已放回列表",
    "elsewhere": "［{title}］{name}：{text}",
    "day": "── {day} ──",
    "start_of_history": "── 你能看到的最早内容 ──",
    "you": "我",
    "edited_mark": "（已编辑）",
    "message_recalled": "— {name} 撤回了这条消息 —",
    "quote_recalled": "{pos}：已撤回",
    "quote": "{pos} {name}：{text}",
    "unknown_message": "本程序无法显示的消息类型",
    "created": "{name} 建了这个群",
    "joined": "{by} 把 {name} 拉进了群",
    "came": "{name} 进群了",
    "left": "{name} 退群了",
    "kicked": "{by} 把 {name} 移出了群",
    "role": "{by} 把 {name} 设为{role}",
    "settings": "{by} 修改了：{what}",
    "setting_title": "群名“{value}”",
    "setting_intro": "群简介",
    "setting_history": "新人可见历史：{value}",
    "setting_limit": "人数上限 {value}",
    "edited": "{by} 编辑了 {target}：{text}",
    "edited_gone": "{by} 编辑了 {target}，该消息已撤回",
    "recalled": "{by} 撤回了 {target}",
    "reacted": "{by} 对 {target} 回应 {emoji}",
    "unreacted": "{by} 取消了对 {target} 的 {emoji}",
    "role_owner": "群主",
    "role_admin": "管理员",
    "role_member": "成员",
    "typing": "{name} 正在输入…",
    "sent": "✓ {pos}",
    "done": "✓",
    "group_made": "✓ {group}",
    "following": "已关注 {name}",
    "following_mutual": "已和 {name} 互相关注",
    "unfollowed": "已取消关注 {name}",
    "blocked": "已拉黑 {name}",
    "unblocked": "已取消拉黑 {name}",
    "members_title": "共 {count} 人：",
    "who": "{name} · {sub} · {user} · 设备 {device} · {state}",
    "put_away": "✓ 已收起",
    "result_added": "{name}：已进群",
    "result_already": "{name}：本来就在群里",
    "result_not_mutual": "{name}：你们没有互相关注（not_mutual）",
    "result_full": "{name}：人数已满（full）",
    "result_kicked": "{name}：曾被移出，只有管理员能再拉进来（kicked）",
    "unknown_command": "没有命令 {name}，/help 列出全部命令。",
    "usage": "正确写法：{usage}",
    "no_such_number": "没有第 {number} 个群，/groups 列出全部。",
    "no_such_user": "没有叫 {sub} 的人来过这里。",
    "bad_token_file": "无法从 {path} 读取令牌：{why}",
    "no_token": "需要令牌：--token 或 --token-file。",
    "two_tokens": "--token 和 --token-file 只能给一个。",
    "bad_url": "地址不可用：{why}",
    "bad_lang": "语言只能是 zh 或 en。",
    "bad_device": "设备名为 1 到 64 个可见 ASCII 字符。",
    "error": "✗ {words}（{code}）",
    "error_malformed": "服务器看不懂这个请求",
    "error_invalid": "内容不合规：{message}",
    "error_unknown_op": "这个服务器不支持此操作",
    "error_wrong_state": "现在不能这样做",
    "error_unauthenticated": "令牌未被接受",
    "error_revoked": "令牌已被吊销",
    "error_not_found": "不存在，或你无权看到",
    "error_forbidden": "你没有这个权限",
    "error_not_mutual": "需要互相关注才可以",
    "error_owner_must_stay": "群主不能退群",
    "error_read_only": "这里不能发言",
    "error_too_late": "已超过时限",
    "error_gone": "那条消息已撤回",
    "error_limit": "已达上限：{message}",
    "error_conflict": "这个编号已用于别的请求",
    "error_out_of_order": "前一条消息没有发送成功",
    "error_rate_limited": "太快了，请稍后再试",
    "error_overloaded": "服务器太忙，请稍后再试",
    "error_unavailable": "服务器暂时无法读写",
    "error_storage_full": "服务器磁盘快满了",
    "error_internal": "服务器出错了",
    "error_other": "被拒绝：{message}",
    "close_normal": "对方正常断开",
    "close_protocol_error": "对方不是 chatd 服务器，或版本不同",
    "close_unsupported_data": "对方要求另一种编码",
    "close_invalid_data": "对方看不懂发送的内容",
    "close_policy": "分片过多",
    "close_too_big": "消息太大",
    "close_malformed": "对方看不懂发送的内容",
    "close_unauthenticated": "令牌未被接受",
    "close_revoked": "令牌已被吊销",
    "close_token_expired": "令牌已过期",
    "close_replaced": "同一设备已在别处登录",
    "close_other": "对方不希望本程序再连接",
}

TABLES: Final[Mapping[Lang, Mapping[str, str]]] = {"en": EN, "zh": ZH}


class Words:
    """The texts of one language."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self._table = TABLES[lang]

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with its places filled. Raises `KeyError` for a key or a place that is not there."""
        return self._table[key].format(**values)

    def choose(self, key: str, otherwise: str, **values: object) -> str:
        """The text of a key that comes from the server, or of another one where it is not known."""
        return self(key if key in self._table else otherwise, **values)


def lang_of(environ: Mapping[str, str]) -> Lang:
    """The language that the environment asks for (POSIX: `LC_ALL` over `LC_MESSAGES` over `LANG`)."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return "zh" if environ[name].lower().startswith("zh") else "en"
    return "en"
