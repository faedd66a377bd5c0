"""Keeping a group quiet, and the log of what admins did."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "usage_restrict": ("/restrict SUB|all [MIN]", "/禁言 SUB|all [分]"),
    "help_restrict": ("silence", "禁言"),
    "usage_unrestrict": ("/unrestrict SUB|all", "/解除禁言 SUB|all"),
    "help_unrestrict": ("end it", "解除禁言"),
    "usage_slow": ("/slow SECONDS", "/慢速 秒数"),
    "help_slow": ("slow mode, 0 ends it", "慢速模式，0 关闭"),
    "usage_audit": ("/audit", "/管理记录"),
    "help_audit": ("what admins did", "管理记录"),
    "restricted": ("{by} restricted you in “{title}”{until}{reason}", "{by} 在“{title}”将你禁言{until}{reason}"),
    "unrestricted": ("{by} lets you write in “{title}” again", "{by} 解除了你在“{title}”的禁言"),
    "until": (" until {time}", "，到 {time}"),
    "wait": (", wait {seconds} s", "，请等 {seconds} 秒"),
    "told_reason": (": {reason}", "，原因：{reason}"),
    "moderation_restricted": ("{by} restricted everybody{until}", "{by} 开启了全员禁言{until}"),
    "moderation_unrestricted": ("{by} let everybody write again", "{by} 解除了全员禁言"),
    "moderation_slow": ("{by} set slow mode: one message per {seconds} s", "{by} 开启慢速模式：每 {seconds} 秒一条"),
    "moderation_slow_off": ("{by} ended slow mode", "{by} 关闭了慢速模式"),
    "member_restricted": ("restricted{until}", "已禁言{until}"),
    "audit_row": ("{time} {by} {act} {user} {reason}", "{time} {by} {act} {user} {reason}"),
    "audit_empty": ("Nothing was done here by right.", "还没有管理记录。"),
    "audit_operator": ("operator", "运营者"),
    "removed_reason": ("{by} put you out of “{title}”: {reason}", "{by} 把你移出了“{title}”，原因：{reason}"),
}
