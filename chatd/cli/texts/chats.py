"""One's own chat list, nicknames, receipts and presence."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "usage_pin-chat": ("/pin-chat", "/聊天置顶"),
    "help_pin-chat": ("keep it on top, or not", "置顶或取消置顶"),
    "usage_mute": ("/mute all|@|none", "/免打扰 all|@|none"),
    "help_mute": ("what to be told of", "消息免打扰"),
    "usage_archive": ("/archive", "/收起"),
    "help_archive": ("put it away, or back", "收起或放回列表"),
    "usage_unread": ("/unread", "/未读"),
    "help_unread": ("mark it as unread", "标为未读"),
    "usage_draft": ("/draft TEXT", "/草稿 文字"),
    "help_draft": ("keep unsent text", "保存草稿"),
    "usage_nick": ("/nick NAME|-", "/群昵称 昵称|-"),
    "help_nick": ("your name in this group", "我在本群的昵称"),
    "usage_receipts": ("/receipts POS|on|off", "/已读 编号|on|off"),
    "help_receipts": ("who has read it", "谁读过这条消息"),
    "pinned_chat": ("✓ on top", "✓ 已置顶"),
    "unpinned_chat": ("✓ no longer on top", "✓ 已取消置顶"),
    "level_all": ("✓ you are told of everything", "✓ 接收所有消息提醒"),
    "level_mentions": ("✓ you are told of what is addressed to you", "✓ 只提醒与我有关的消息"),
    "level_none": ("✓ you are told of nothing", "✓ 消息免打扰"),
    "marked_chat": ("✓ marked as unread", "✓ 已标为未读"),
    "marked": ("unread", "未读"),
    "put_back": ("✓ back in the list", "✓ 已放回列表"),
    "kept_draft": ("✓ kept unsent", "✓ 草稿已保存"),
    "draft": ("[unsent] {text}", "［草稿］{text}"),
    "called": ("{name} took the nickname “{nickname}”", "{name} 的群昵称改为“{nickname}”"),
    "called_nothing": ("{name} gave the nickname up", "{name} 取消了群昵称"),
    "read_by": ("{pos}: read by {names}", "{pos}：{names} 已读"),
    "read_by_nobody": ("{pos}: nobody who shows it has read that far", "{pos}：还没有公开已读状态的人读到这里"),
    "receipts_on": ("people who do so too see how far you have read", "与同样公开的人互相可见已读状态"),
    "receipts_off": ("nobody sees how far you have read", "已读状态不公开"),
    "not_a_message": ("{pos} is no message that is shown here.", "{pos} 不是这里显示的消息。"),
}
