"""People and how they stand to each other."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "usage_follow": ("/follow SUB", "/关注 SUB"),
    "help_follow": ("follow somebody", "关注"),
    "usage_unfollow": ("/unfollow SUB", "/取关 SUB"),
    "help_unfollow": ("no more", "取消关注"),
    "usage_block": ("/block SUB", "/拉黑 SUB"),
    "help_block": ("block somebody", "拉黑"),
    "usage_unblock": ("/unblock SUB", "/取消拉黑 SUB"),
    "help_unblock": ("no more", "取消拉黑"),
    "following": ("you follow {name}", "已关注 {name}"),
    "following_mutual": ("you follow {name}, and {name} follows you", "已和 {name} 互相关注"),
    "unfollowed": ("you no longer follow {name}", "已取消关注 {name}"),
    "blocked": ("{name} is blocked", "已拉黑 {name}"),
    "unblocked": ("{name} is no longer blocked", "已取消拉黑 {name}"),
    "no_such_user": ("Nobody called {sub} has been here.", "没有叫 {sub} 的人来过这里。"),
}
