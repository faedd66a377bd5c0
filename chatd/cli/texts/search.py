"""Finding messages by their words."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "usage_search": ("/search WORDS", "/搜索 关键词"),
    "help_search": ("find messages", "搜索消息"),
    "search_head": ("{title}  #{pos} {name}: ", "{title}  #{pos} {name}："),
    "search_none": ("nothing found", "没有找到"),
    "search_more": ("there are more: add a word to narrow it", "结果还有更多，可以多输入一个词缩小范围"),
    "search_lag": (
        "(the newest {commits} changes cannot be found yet)",
        "（最新的 {commits} 处变化暂时还搜不到）",
    ),
    "search_rebuilding": (
        "(the index is being made anew: older messages may be missing)",
        "（正在重建索引，较早的消息可能暂时搜不到）",
    ),
}
