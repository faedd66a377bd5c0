"""Bots and their buttons."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "usage_bots": ("/bots", "/机器人"),
    "help_bots": ("the bots here, what they do", "本群机器人和它们的命令"),
    "usage_press": ("/press POS BUTTON", "/点按钮 编号 按钮"),
    "help_press": ("press a bot's button", "点机器人的按钮"),
    "no_bots": ("There are no bots here.", "本群没有机器人。"),
    "no_such_button": ("{pos} has no button “{button}”.", "{pos} 没有“{button}”这个按钮。"),
    "pressed": ("✓ pressed “{button}”", "✓ 已点“{button}”"),
    "press_hint": ("/press {pos} NUMBER", "/点按钮 {pos} 序号"),
}
