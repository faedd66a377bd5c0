"""A block between two who are in the same group, under load: neither learns anything of the other from then on."""

from __future__ import annotations

from tests.e2e.phone import Phone


class Across:
    """Two who were friends, on one phone each."""

    def __init__(self, blocker: Phone, blocked: Phone, group: str) -> None:
        self.blocker = blocker
        self.blocked = blocked
        self.group = group
        self.direct = ""
        self._marks: dict[Phone, int] = {}
        """How many signals there were when the block held for sure."""
        self._told = 0

    @property
    def _pairs(self) -> tuple[tuple[Phone, Phone], tuple[Phone, Phone]]:
        return (self.blocker, self.blocked), (self.blocked, self.blocker)

    async def meet(self, seq: int) -> None:
        """They have a direct chat, and see of each other that they are here and what they read."""
        self.direct = (await self.blocked.do("group.create", kind="direct", user=self.blocker.user))["group"]
        for phone, _ in self._pairs:
            await phone.ask("group.open", group=self.direct)
        await self.blocked.signal("receipts", lambda told: self.blocker.user in told["reads"])
        await self._know_of_each_other(seq, known=True)

    async def block(self) -> None:
        """From here on signals are judged that begin after the answer: one was perhaps on its way."""
        await self.blocker.do("block.add", user=self.blocked.user)
        for phone, _ in self._pairs:
            await phone.settle()
            since = len(phone.signals)
            await phone.until(lambda phone=phone, since=since: "heads" in dict(phone.signals[since:]))  # type: ignore[misc]
            self._marks[phone] = len(phone.signals)
        self._told = len(self.blocker.mine)

    async def try_to_reach(self, home: str) -> None:
        """Everything that would reach somebody who has not blocked one. `home`: a group of theirs."""
        blocked, user = self.blocked, self.blocker.user
        sent = await blocked.cannot("message.send", group=self.direct, kind="text", body={"text": "why?"})
        assert sent == "read_only"
        assert await blocked.cannot("group.create", kind="direct", user=user) == "not_mutual"
        pulled = await blocked.do("member.add", group=home, users=[user])
        assert [one["result"] for one in pulled["results"]] == ["not_mutual"]
        await blocked.do("invite.create", group=home, kind="directed", user=user)
        await blocked.do("contact.request", user=user, text="why?")
        await blocked.do("follow.remove", user=user)
        await blocked.do("follow.add", user=user)
        body = {"text": "@mona", "entities": [{"offset": 0, "length": 5, "user": user}]}
        called = (await blocked.do("message.send", group=self.group, kind="text", body=body))["pos"]
        for phone, _ in self._pairs:
            await phone.ask("typing.start", group=self.direct)
        mentions = (await self.blocker.ask("mention.list"))["mentions"]
        assert called not in [mention["entry"]["pos"] for mention in mentions]

    async def judge(self, seq: int) -> list[str]:
        """What came across all the same."""
        await self._know_of_each_other(seq, known=False)
        leaks = []
        for phone, other in self._pairs:
            for name, data in phone.signals[self._marks[phone] :]:
                told = name in {"receipts", "presence"} and other.user in str(data)
                if told or (name == "typing" and data["group"] == self.direct):
                    leaks.append(f"across a block, to {phone.sub}: {name} {data}")
        own = [entry for entry in self.blocker.mine[self._told :] if self.blocked.user in str(entry)]
        return leaks + [f"across a block, own log of {self.blocker.sub}: {entry}" for entry in own]

    async def _know_of_each_other(self, seq: int, *, known: bool) -> None:
        for phone, other in self._pairs:
            here = (await phone.ask("presence.get", group=self.group))["people"]
            read = (await phone.ask("receipt.get", group=self.group, seq=seq))["users"]
            (person,) = (await phone.ask("user.get", users=[other.user]))["users"]
            seen = (other.user in {one["user"] for one in here}, "seen" in person)
            assert seen == (known, known), (phone.sub, seen)
            assert known or other.user not in read, (phone.sub, read)
