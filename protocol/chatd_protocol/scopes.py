"""What bots may do: for each op the scope that a bot needs, or whether it is open to all bots or to none.

People have no scopes and are not looked up here; the ops of `BOTS_ONLY` are not for them.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

Scope = Literal["read", "send", "react", "pin", "moderate", "members", "manage", "profile"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
OPEN: Final = "open"
CLOSED: Final = "closed"
Rule = Scope | Literal["open", "closed"]

SCOPE_OF: Final[dict[str, Rule]] = {
    # where it is, and what it is
    **dict.fromkeys(("session.hello", "session.renew", "user.get"), "open"),
    **dict.fromkeys(("group.get", "group.list", "group.bots", "group.close"), "open"),
    **dict.fromkeys(("member.leave", "bot.commands"), "open"),
    # what is said in its groups; without it no entry of a group is pushed to it
    **dict.fromkeys(("group.open", "message.history", "message.at", "message.search", "mention.list"), "read"),
    **dict.fromkeys(("reaction.list", "pin.list", "feature.list", "section.list", "read.mark"), "read"),
    # saying something
    **dict.fromkeys(("message.send", "message.edit", "message.recall", "message.forward", "typing.start"), "send"),
    "item.find": "send",
    **dict.fromkeys(("reaction.add", "reaction.remove"), "react"),
    **dict.fromkeys(("pin.add", "pin.remove", "feature.add", "feature.remove"), "pin"),
    # who is there, and who asks to be
    **dict.fromkeys(("group.members", "user.search", "presence.get", "receipt.get"), "members"),
    **dict.fromkeys(("request.list", "request.approve", "request.refuse", "invite.list", "invite.tree"), "members"),
    # what admins do about people
    **dict.fromkeys(("member.restrict", "member.unrestrict", "member.kick", "member.role"), "moderate"),
    **dict.fromkeys(("member.ban", "member.unban", "member.bans", "audit.list"), "moderate"),
    **dict.fromkeys(("group.restrict", "group.unrestrict", "group.slow", "invite.revoke"), "moderate"),
    # what admins do about the group
    **dict.fromkeys(("group.update", "group.announce", "group.entry"), "manage"),
    **dict.fromkeys(("section.create", "section.update", "section.order"), "manage"),
    # what others see of it
    **dict.fromkeys(("user.update", "user.handle", "nickname.set"), "profile"),
    # what only people do: their relations, their ways in, their own chat list and devices, owning a group
    **dict.fromkeys(
        ("follow.add", "follow.remove", "follow.list", "block.add", "block.remove", "block.list"), "closed"
    ),
    **dict.fromkeys(("contact.request", "contact.accept", "contact.decline", "contact.list"), "closed"),
    **dict.fromkeys(("group.create", "group.join", "group.find", "group.transfer", "group.dissolve"), "closed"),
    **dict.fromkeys(("member.add", "member.suggest", "request.create", "request.withdraw"), "closed"),
    **dict.fromkeys(
        ("invite.create", "invite.preview", "invite.redeem", "invite.received", "invite.decline"), "closed"
    ),
    **dict.fromkeys(("privacy.get", "privacy.set", "device.list", "device.revoke"), "closed"),
    **dict.fromkeys(("chat.update", "draft.save", "menu.press"), "closed"),
}
"""Every op has its row."""
BOTS_ONLY: Final = frozenset({"bot.commands"})
