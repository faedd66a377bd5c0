"""How bots and their buttons are asked for."""

from __future__ import annotations

from typing import Final

from tests.matrix.asks import Ask, Build, Case, messages, only, places

_MENU: Final = [[{"id": "btn:1", "label": "Yes"}]]


def _press() -> dict[str, Build]:
    def of_bot(button: str) -> Build:
        return lambda c, _: {"group": c.group, "pos": c.more["asked"], "button": button}

    plain = only(messages(button="btn:1"), "other", "recalled", "before", "absent", "elsewhere", "nowhere")
    return {"bot": of_bot("btn:1"), "bot.button": of_bot("btn:2"), "bot.gone": of_bot("btn:1")} | plain


async def _ask_by_bot(case: Case, of: str) -> None:
    """A bot asks in the group; what it asked stays when it is put out."""
    if not of.startswith("bot"):
        return
    bot, owner = await case.cast.enter_bot(), case.cast.callers["owner"]
    added = await owner.do("member.add", group=case.group, users=[bot.user])
    assert added["results"] == [{"user": bot.user, "result": "added"}], added
    body = {"text": "shall I?", "menu": _MENU}
    case.more["asked"] = (await bot.do("message.send", group=case.group, kind="text", body=body))["pos"]
    if of == "bot.gone":
        await owner.do("member.kick", group=case.group, user=bot.user)


ASKS: Final = {
    "bot.commands": Ask({"own": lambda *_: {"commands": [{"name": "help"}]}}, house="none"),
    "group.bots": Ask(places(), house="shared"),
    "menu.press": Ask(_press(), prepare=_ask_by_bot),
}
