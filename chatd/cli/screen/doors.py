"""Coming in: requests, invites and greetings that wait for an answer, and an invite that was pasted."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from chatd.cli.screen.asking import Asking
from chatd.cli.screen.cells import clean
from chatd.cli.screen.dialogs import Choice
from chatd.cli.screen.ink import style_of
from chatd.cli.typed.ownership import FOUND
from chatd_protocol.invites import Invite
from chatd_protocol.pasted import find_invite

ID_SHOWN: Final = 6
"""So much of an invite's id stands for its code, where that is not known."""


class Doors(Asking):
    """What waits at a door."""

    async def requests(self, _: str) -> None:
        app = self._app
        page = await app.client.list_requests(app.state.open)
        await app.state.names.learn(user for one in page.requests for user in (one.user, one.inviter) if user)
        choices = []
        for index, one in enumerate(page.requests):
            by = app.words("request_by", name=app.render_text.name(one.inviter)) if one.inviter else ""
            about = "  ".join(part for part in (by, clean(one.answer)) if part)
            choices.append(
                Choice(str(index), self.look(("bold", clean(app.render_text.called(one.user))), ("dim", "  " + about)))
            )
        picked = await self.pick(app.words("title_requests"), choices, nothing=app.words("none_requests"))
        if picked is None:
            return
        one = page.requests[int(picked)]
        if one.user == (app.client.hello.user if app.client.hello else ""):
            return
        answers = [
            ("approve", app.words("act_approve")),
            ("refuse", app.words("act_refuse")),
            ("no", app.words("act_cancel")),
        ]
        decided = await self.decide(app.words("title_requests"), choices[int(picked)].look, answers)
        if decided is not None and decided[0] == "approve":
            await app.client.approve_request(one.group, one.user, one.number)
        elif decided is not None and decided[0] == "refuse":
            await app.client.refuse_request(one.group, one.user, one.number)

    async def invited(self, _: str) -> None:
        app = self._app
        page = await app.client.list_received_invites()
        choices = [
            Choice(one.invite, self.look(("bold", clean(one.title)), ("dim", f"  {clean(one.name or '?')}")))
            for one in page.invites
        ]
        picked = await self.pick(app.words("title_invited"), choices, nothing=app.words("none_invited"))
        if picked is None:
            return
        answers = [("join", app.words("act_join")), ("decline", app.words("act_decline"))]
        text = next(one.look for one in choices if one.name == picked)
        decided = await self.decide(app.words("title_invited"), text, answers)
        if decided is not None and decided[0] == "join":
            await app.desk.do(f"/join {picked}")
        elif decided is not None:
            await app.client.decline_invite(picked)

    async def greetings(self, _: str) -> None:
        app = self._app
        page = await app.client.list_contacts()
        await app.state.names.learn(one.user for one in page.requests)
        choices = [
            Choice(
                one.user,
                self.look(
                    (style_of(one.user), clean(app.render_text.name(one.user))), ("text", f"  {clean(one.text)}")
                ),
            )
            for one in page.requests
        ]
        picked = await self.pick(app.words("title_greetings"), choices, nothing=app.words("none_greetings"))
        if picked is None:
            return
        answers = [("accept", app.words("act_accept")), ("decline", app.words("act_decline"))]
        text = next(one.look for one in choices if one.name == picked)
        decided = await self.decide(app.words("title_greetings"), text, answers)
        if decided is not None and decided[0] == "accept":
            await app.open_chat((await app.client.accept_contact(picked)).group)
        elif decided is not None:
            await app.client.decline_contact(picked)

    async def discover(self, text: str) -> None:
        """Public groups by a word of their title."""
        app = self._app
        found = await app.client.find_groups(text, limit=FOUND)
        choices = []
        for one in found.groups:
            about = app.words("found_members", members=one.members, limit=one.limit)
            intro = f"\n  {clean(one.intro)}" if one.intro else ""
            choices.append(
                Choice(one.group, self.look(("bold", clean(one.title)), ("dim", f"  {about}"), ("text", intro)))
            )
        picked = await self.pick(app.words("title_discover"), choices, nothing=app.words("none_discover"))
        if picked is not None:
            answers = [("join", app.words("act_join")), ("no", app.words("act_cancel"))]
            look = next(one.look for one in choices if one.name == picked)
            decided = await self.decide(app.words("title_discover"), look, answers)
            if decided is not None and decided[0] == "join":
                await app.desk.do(f"/join {picked}")

    async def invites(self, _: str) -> None:
        """Invites into the open group, which can be taken back: one's own, for owner and admins everybody's."""
        app = self._app
        line = app.state.lines.get(app.desk.group())
        everybodys = line is not None and line.role in {"owner", "admin"}
        page = await app.client.list_invites(app.desk.group(), everybody=everybodys)
        await app.state.names.learn(
            {one.maker for one in page.invites} | {one.user for one in page.invites if one.user}
        )
        choices = [Choice(one.invite, self._look_of_invite(one)) for one in page.invites]
        picked = await self.pick(app.words("title_invites"), choices, nothing=app.words("none_invites"))
        chosen = next((one for one in page.invites if one.invite == picked), None)
        if chosen is not None and chosen.state == "open" and await self.sure(app.words("sure_uninvite")):
            await app.client.revoke_invite(chosen.invite)

    def _look_of_invite(self, one: Invite) -> Text:
        """What it is and how it stands; below, by what it is told from others."""
        app, words = self._app, self._app.words
        end = app.state.made.get(one.invite)
        whom = clean(app.render_text.called(one.user)) if one.user is not None else ""
        told = words("invite_ends_in", end=end) if end else words("invite_id", id=one.invite[:ID_SHOWN])
        uses = f"{one.uses}/{one.max_uses}" if one.max_uses is not None else f"{one.uses}"
        until = (
            words("invite_until", time=app.render_text.until(one.expires)) if one.expires else words("invite_forever")
        )
        by = words("invite_by", name=clean(app.render_text.name(one.maker)), time=app.render_text.until(one.created))
        head = [words(f"invite_{one.state}"), words("invite_uses", uses=uses), until]
        kind = "  ".join(part for part in (words(f"invite_kind_{one.kind}"), told, whom) if part)
        below = "  ".join(part for part in (by, clean(one.note)) if part)
        return self.look(("bold", kind), ("text", "  " + " · ".join(head)), ("dim", f"\n  {below}"))

    async def offer(self, text: str) -> None:
        """Show what an invite in a text leads to, and come in, or send the text as it is. Raises `ChatdError`."""
        app, words = self._app, self._app.words
        found = find_invite(text)
        if found is None:
            return
        app.state.invite = found.secret
        shown = await app.client.preview_invite(found.secret)
        about = words("offer_text", title=clean(shown.title), members=shown.members, name=clean(shown.name or "?"))
        if shown.question:
            about += "\n" + words("offer_question", question=clean(shown.question))
        elif shown.entry == "approval":
            about += "\n" + words("invite_waits")
        answers = [("join", words("act_join")), ("text", words("act_as_text")), ("no", words("act_cancel"))]
        ask = words("ask_answer") if shown.question else ""
        decided = await self.decide(words("title_invite"), Text(about), answers, ask=ask)
        if decided is None or decided[0] == "no":
            return
        app.composer.clear()
        if decided[0] == "join":
            await app.desk.do(f"/join . {decided[1]}".rstrip())
        else:
            await app.desk.say(text)
