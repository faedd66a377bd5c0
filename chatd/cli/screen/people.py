"""What can be done with a person: each is a command that could be typed as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatd.cli.screen.cells import clean
from chatd.cli.screen.dialogs import Choice

if TYPE_CHECKING:
    from chatd.cli.screen.asking import Asking
    from chatd.cli.screen.backstage import Backstage

EVERYBODY = ("mention", "direct", "follow", "unfollow", "greet", "block")
GOVERNING = ("kick", "ban", "restrict", "admin")
HARSH = frozenset({"block", "kick", "ban"})


async def about_person(asking: Asking, app: Backstage, user: str) -> None:
    """Pick what to do with somebody, and do it. Raises `ChatdError`."""
    if app.render_text.is_me(user):
        return
    await app.state.names.learn([user])
    found = await app.client.get_users([user])
    name = app.state.called(user)
    line = app.state.lines.get(app.state.open or "")
    govern = line is not None and line.role in {"owner", "admin"} and line.peer is None
    names = [*EVERYBODY, *(GOVERNING if govern else ())]
    choices = [Choice(act, asking.look(("text", app.words(f"act_{act}", name=clean(name))))) for act in names]
    picked = await asking.pick(app.words("act_person", name=clean(name)), choices)
    if picked is None or not found:
        return
    sub = found[0].sub
    if picked == "mention":
        app.composer.put(f"{app.composer.text}@{name} ")
        app.composer.focus()
    elif picked == "greet":
        app.composer.put(f"/greet {sub} ")
        app.composer.focus()
    elif picked not in HARSH or await asking.sure(
        app.words("sure_person", act=app.words(f"act_{picked}"), name=clean(name))
    ):
        await app.desk.do(f"/{picked} {sub}")
