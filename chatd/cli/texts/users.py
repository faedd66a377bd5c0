"""Finding people, and what one shows of oneself."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "usage_find": ("/find NAME", "/找人 名字"),
    "help_find": ("find people, @ID", "找人，@号码"),
    "usage_handle": ("/handle ID", "/号码 号码"),
    "help_handle": ("take an id", "设置号码"),
    "usage_name": ("/name NAME", "/改名 名字"),
    "help_name": ("change your name", "改名字"),
    "usage_hide": ("/hide on|off", "/不被搜到 on|off"),
    "help_hide": ("not to be found", "不让别人搜到"),
    "usage_let-pull": ("/let-pull WHO", "/谁能拉我 WHO"),
    "help_let-pull": ("friends, ask or nobody", "谁能拉我进群：friends ask nobody"),
    "pull_mutual": ("people who follow each other with you may pull you into groups", "互相关注的人可以直接拉你进群"),
    "pull_ask": ("you are asked before somebody pulls you into a group", "别人拉你进群前要先问你"),
    "pull_nobody": ("nobody pulls you into groups now", "谁也不能拉你进群"),
    "usage_let-greet": ("/let-greet on|off", "/接受招呼 on|off"),
    "help_let-greet": ("who greets you", "是否接受打招呼"),
    "greet_on": ("people who are no friends may ask you for a chat", "没有互相关注的人可以向你打招呼"),
    "greet_off": ("nobody but friends can ask you for a chat", "只有互相关注的人能找你聊天"),
    "usage_devices": ("/devices", "/设备"),
    "help_devices": ("your devices", "我的设备"),
    "usage_revoke": ("/revoke DEVICE", "/下线 设备"),
    "help_revoke": ("sign one out", "让设备下线"),
    "nobody_found": ("nobody found", "没有找到"),
    "more_found": ("… and others: write more of the name", "……还有更多，请多写几个字"),
    "handle_set": ("you are @{handle} now", "你的号码是 @{handle}"),
    "name_set": ("you are called {name} now", "你现在叫 {name}"),
    "findable": ("people can find you", "别人可以搜到你"),
    "not_findable": ("nobody finds you now", "别人搜不到你了"),
    "device_this": ("this one", "本机"),
    "device_online": ("online", "在线"),
    "device_away": ("away", "离线"),
    "device_revoked": ("{device} is signed out", "{device} 已下线"),
}
