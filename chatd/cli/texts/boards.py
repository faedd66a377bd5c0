"""Pins, featured posts, mentions, forwarding, jumping."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "usage_pin": ("/pin POS", "/置顶 编号"),
    "help_pin": ("pin a message", "置顶一条消息"),
    "usage_unpin": ("/unpin POS", "/取消置顶 编号"),
    "help_unpin": ("pin it no more", "取消置顶"),
    "usage_pins": ("/pins", "/置顶列表"),
    "help_pins": ("what is pinned", "查看置顶"),
    "usage_feature": ("/feature POS", "/设精华 编号"),
    "help_feature": ("make it a featured post", "设为精华"),
    "usage_unfeature": ("/unfeature POS", "/取消精华 编号"),
    "help_unfeature": ("no more", "取消精华"),
    "usage_featured": ("/featured", "/精华列表"),
    "help_featured": ("featured posts", "查看精华"),
    "usage_mentions": ("/mentions", "/提到我"),
    "help_mentions": ("where you were mentioned", "谁 @ 了我"),
    "usage_forward": ("/forward N POS ...", "/转发 N 编号 ..."),
    "help_forward": ("to another group", "转发到别的群"),
    "usage_goto": ("/goto POS|DATE", "/跳到 编号|日期"),
    "help_goto": ("what was said there", "跳到那里"),
    "pinned": ("{by} pinned {target}: {text}", "{by} 置顶了 {target}：{text}"),
    "unpinned": ("{by} unpinned {target}", "{by} 取消置顶 {target}"),
    "featured": ("{by} made {target} a featured post: {text}", "{by} 把 {target} 设为精华：{text}"),
    "unfeatured": ("{target} is a featured post no more ({by})", "{by} 取消了 {target} 的精华"),
    "no_pins": ("Nothing is pinned.", "还没有置顶。"),
    "no_featured": ("There are no featured posts.", "还没有精华。"),
    "no_mentions": ("Nobody mentioned you.", "还没有人 @ 你。"),
    "note": ("  note: {note}", "  备注：{note}"),
    "forwarded_mark": (" (forwarded)", "（转发）"),
    "forwarded_from": (" (forwarded from {title})", "（转发自 {title}）"),
    "bundle": ("[{count} forwarded messages]", "［聊天记录 {count} 条］"),
    "nothing_since": ("Nothing was said since then.", "那之后没有内容。"),
    "around": ("── around {pos} ──", "── {pos} 附近 ──"),
}
