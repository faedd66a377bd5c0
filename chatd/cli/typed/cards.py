"""Sharing videos and products of the catalogue."""

from __future__ import annotations

from typing import Final

from chatd.cli.typed.desk import Command, Desk


async def video(desk: Desk, which: str) -> None:
    item, _, text = which.partition(" ")
    await desk.client.send_video(desk.group(), item, text.strip() or None, section=desk.state.section)
    desk.done()


async def product(desk: Desk, which: str) -> None:
    item, _, text = which.partition(" ")
    await desk.client.send_product(desk.group(), item, text.strip() or None, section=desk.state.section)
    desk.done()


COMMANDS: Final = {"video": Command(1, video), "product": Command(1, product)}
