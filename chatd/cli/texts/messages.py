"""Messages and what happens to them."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "usage_history": ("/history", "/历史"),
    "help_history": ("older messages", "更早的消息"),
    "usage_reply": ("/reply POS TEXT", "/回复 编号 文字"),
    "help_reply": ("answer a message", "回复一条消息"),
    "usage_edit": ("/edit POS TEXT", "/修改 编号 文字"),
    "help_edit": ("rewrite your own", "修改自己的消息"),
    "usage_react": ("/react POS SIGN", "/表情 编号 表情"),
    "help_react": ("add a sign, like 👍", "加表情，如 👍"),
    "usage_unreact": ("/unreact POS SIGN", "/取消表情 编号 表情"),
    "help_unreact": ("take it back", "取消表情"),
    "usage_recall": ("/recall POS", "/撤回 编号"),
    "help_recall": ("take a message back", "撤回一条消息"),
    "elsewhere": ("[{title}] {name}: {text}", "［{title}］{name}：{text}"),
    "start_of_history": ("── the beginning of what you can see ──", "── 你能看到的最早内容 ──"),
    "edited_mark": (" (edited)", "（已编辑）"),
    "message_recalled": ("— recalled by {name} —", "— {name} 撤回了这条消息 —"),
    "message_erased": ("— erased with its author —", "— 作者已注销，消息已删除 —"),
    "quote_recalled": ("{pos}: recalled", "{pos}：已撤回"),
    "quote": ("{pos} {name}: {text}", "{pos} {name}：{text}"),
    "unknown_message": ("a message of a kind this program cannot show", "本程序无法显示的消息类型"),
    "edited": ("{by} edited {target}: {text}", "{by} 编辑了 {target}：{text}"),
    "edited_gone": ("{by} edited {target}, which was recalled since", "{by} 编辑了 {target}，该消息已撤回"),
    "erased": ("somebody was erased, with all they wrote", "有成员已注销，其发言已全部删除"),
    "recalled": ("{by} recalled {target}", "{by} 撤回了 {target}"),
    "reacted": ("{by} reacted to {target} with {emoji}", "{by} 用 {emoji} 回应了 {target}"),
    "unreacted": ("{by} took {emoji} back from {target}", "{by} 取消了对 {target} 的回应 {emoji}"),
    "typing": ("{name} is typing …", "{name} 正在输入…"),
}
