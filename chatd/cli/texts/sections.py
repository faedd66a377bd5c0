"""Sections of a group."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "usage_sections": ("/sections", "/板块列表"),
    "help_sections": ("sections of this group", "本群的板块"),
    "usage_section": ("/section N|ACT ...", "/板块 N|操作 ..."),
    "help_section": ("go to one, or change it", "进入或管理板块"),
    "section_usage": (
        (
            "Usage: /section N, or new KIND TITLE, name N TITLE, kind N KIND, close N, reopen N, order N ...\n"
            "A KIND is chat, announce, showcase or qa."
        ),
        (
            "用法：/板块 N，或 new 类型 名称、name N 名称、kind N 类型、close N、reopen N、order N ...\n"
            "类型是 chat（聊天）、announce（公告）、showcase（橱窗）或 qa（问答）。"
        ),
    ),
    "section_main": ("main", "主板块"),
    "section_kind_chat": ("chat", "聊天"),
    "section_kind_announce": ("announcements", "公告"),
    "section_kind_showcase": ("showcase", "橱窗"),
    "section_kind_qa": ("questions", "问答"),
    "section_line": ("{mark}{number:>3} {title} · {kind}{unread}", "{mark}{number:>3} {title} · {kind}{unread}"),
    "section_unread": (" · {count} unread", " · {count} 条未读"),
    "section_called": (" @{count}", " @{count}"),
    "section_is_closed": (" · closed", " · 已关闭"),
    "section_entered": ("── {title} ──", "── {title} ──"),
    "section_made": ("{by} made the section “{title}” ({kind})", "{by} 新建了板块“{title}”（{kind}）"),
    "section_changed": ("{by} changed the section “{title}” ({kind})", "{by} 修改了板块“{title}”（{kind}）"),
    "section_closed": ("{by} closed the section “{title}”", "{by} 关闭了板块“{title}”"),
    "section_opened": ("{by} opened the section “{title}” again", "{by} 重新开放了板块“{title}”"),
    "section_ordered": ("{by} put the sections in another order", "{by} 调整了板块顺序"),
}
