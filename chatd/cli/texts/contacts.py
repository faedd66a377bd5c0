"""Asking for a direct chat."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "usage_greet": ("/greet SUB TEXT", "/打招呼 SUB 文字"),
    "help_greet": ("ask for a chat", "打招呼，请求单聊"),
    "usage_greetings": ("/greetings", "/招呼列表"),
    "help_greetings": ("who asks you", "谁想和我聊"),
    "usage_accept": ("/accept SUB", "/同意单聊 SUB"),
    "help_accept": ("say yes", "同意单聊"),
    "usage_decline": ("/decline SUB", "/不理会 SUB"),
    "help_decline": ("say nothing", "不理会"),
    "usage_suggest": ("/suggest", "/可拉的人"),
    "help_suggest": ("whom to pull in", "可以拉谁进群"),
    "ask_sent": ("{name} will see it", "已发给 {name}"),
    "ask_already": ("{name} was asked before", "已经向 {name} 打过招呼"),
    "ask_mutual": ("you follow each other: /direct {name}", "你们互相关注，直接 /单聊 {name}"),
    "contact": ("{name} asks to talk: {text}", "{name} 想和你聊：{text}"),
    "contact_bare": ("{name} asks to talk", "{name} 想和你聊"),
    "asked_none": ("Nobody asks.", "没有人打招呼。"),
    "suggestion": ("{name} ({common} groups in common)", "{name}（{common} 个共同的群）"),
    "suggest_none": ("There is nobody to pull in.", "没有可以拉的人。"),
}
