"""The session, what is typed in general, and the help page."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "help_head": (
        "Text is sent to the open group. POS is the number in front of a message,\nSUB the name in somebody's token.",
        "直接输入文字就发到当前群。编号写在消息旁边，SUB 是对方令牌里的名字。",
    ),
    "help_tail": ("To send text that begins with a slash, write two: //", "要发送以斜杠开头的文字，请写两个斜杠：//"),
    "usage_who": ("/who", "/我是谁"),
    "help_who": ("who you are", "我是谁"),
    "usage_help": ("/help [COMMAND]", "/帮助 [命令]"),
    "help_help": ("this page, or one command", "本页，或某个命令的用法"),
    "usage_quit": ("/quit", "/退出"),
    "help_quit": ("end the chat", "退出"),
    "connecting": ("connecting to {url} …", "正在连接 {url} …"),
    "connected": ("connected as {name}; /help shows what you can type", "已登录：{name}。输入 /帮助 查看可用命令"),
    "resumed": ("connected again", "已恢复连接"),
    "resumed_missed": ("connected again, {missed} missed", "已恢复连接，补收 {missed} 条"),
    "reconnecting": (
        "connection lost: {why}; this client comes back by itself",
        "连接断开：{why}，正在自动重连",
    ),
    "no_server_yet": (
        "no server yet: {why}; it is tried again by itself",
        "还没连上服务器：{why}，会自动重试",
    ),
    "given_up": (
        "no server answered at {url} for {seconds} s: {why}",
        "{url} 在 {seconds} 秒内没有应答：{why}",
    ),
    "reset": (
        "the server was restored from a backup: what was shown may be gone",
        "服务器从备份恢复过，之前显示的内容可能已不存在",
    ),
    "reset_group": (
        "{title}: what was shown may be gone; open it again",
        "{title}：之前显示的内容可能已不存在，请重新打开",
    ),
    "expired": ("older messages of this chat are no longer kept", "这个聊天较早的消息已过保留期限"),
    "message_gone": ("Message {pos} is no longer kept.", "消息 {pos} 已不再保留。"),
    "truncated": ("{title}: older entries are no longer there", "{title}：更早的内容已不在"),
    "bye": ("bye", "再见"),
    "state_online": ("online", "在线"),
    "state_retry": ("trying again in {seconds} s", "{seconds} 秒后重试"),
    "state_connecting": ("connecting …", "连接中…"),
    "usage_retry": ("/retry", "/重连"),
    "help_retry": ("reconnect at once", "断线时立即重连"),
    "state_offline": ("reconnecting …", "重连中…"),
    "token_expiring": ("your token runs out soon; start again with a new one", "令牌即将过期，请换新令牌重新启动"),
    "going_away": ("the server is stopping; this client comes back by itself", "服务器正在停止，本程序会自动重连"),
    "day": ("── {day} ──", "── {day} ──"),
    "you": ("you", "我"),
    "somebody_gone": ("somebody who is gone", "已注销的用户"),
    "between": (", ", "、"),
    "said_by": ("{name}: {text}", "{name}：{text}"),
    "sent": ("✓ {pos}", "✓ {pos}"),
    "done": ("✓", "✓"),
    "who": ("{name} · {sub} · {user} · device {device} · {state}", "{name} · {sub} · {user} · 设备 {device} · {state}"),
    "unknown_command": ("There is no command {name}; /help lists them.", "没有命令 {name}，/帮助 列出全部命令。"),
    "unknown_near": (
        "There is no command {name}. Did you mean {near}?",
        "没有命令 {name}。你要找的是不是：{near}？",
    ),
    "usage": ("That is written: {usage}", "正确写法：{usage}"),
    "bad_token_file": ("The token cannot be read from {path}: {why}", "无法从 {path} 读取令牌：{why}"),
    "no_token": ("A token is needed: --token or --token-file.", "需要令牌：--token 或 --token-file。"),
    "two_tokens": ("Give --token or --token-file, not both.", "--token 和 --token-file 只能给一个。"),
    "bad_url": ("The address is not usable: {why}", "地址不可用：{why}"),
    "bad_lang": ("The language is zh or en.", "语言只能是 zh 或 en。"),
    "bad_device": ("The device is a name of 1 to 64 visible ASCII characters.", "设备名为 1 到 64 个可见 ASCII 字符。"),
}
