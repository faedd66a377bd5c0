"""The table of commands: for each op that changes something, how its request becomes a proposal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from chatd.core.wishes import AnyWish
from chatd.service import (
    chats,
    contacts,
    featured,
    groups,
    invites,
    messages,
    moderation,
    nicknames,
    pins,
    relations,
    requests,
    users,
)
from chatd.service.author import Author

COMMANDS: Final[dict[str, Callable[[Any, Author], AnyWish]]] = {
    "follow.add": relations.add_follow,
    "follow.remove": relations.remove_follow,
    "block.add": relations.add_block,
    "block.remove": relations.remove_block,
    "contact.request": contacts.request_contact,
    "contact.accept": contacts.accept_contact,
    "contact.decline": contacts.decline_contact,
    "group.create": groups.create_group,
    "group.update": groups.update_group,
    "member.add": groups.add_members,
    "member.leave": groups.leave_group,
    "member.kick": groups.kick_member,
    "member.role": groups.set_role,
    "message.send": messages.send_message,
    "message.recall": messages.recall_message,
    "message.edit": messages.edit_message,
    "reaction.add": messages.add_reaction,
    "reaction.remove": messages.remove_reaction,
    "member.restrict": moderation.restrict_member,
    "member.unrestrict": moderation.unrestrict_member,
    "group.restrict": moderation.restrict_group,
    "group.unrestrict": moderation.unrestrict_group,
    "group.slow": moderation.slow_down,
    "user.update": users.update_profile,
    "user.handle": users.set_handle,
    "privacy.set": users.set_privacy,
    "device.revoke": users.revoke_device,
    "invite.create": invites.create_invite,
    "invite.revoke": invites.revoke_invite,
    "invite.redeem": invites.redeem_invite,
    "group.entry": requests.set_entry,
    "group.join": requests.join_group,
    "request.create": requests.join_group,
    "request.approve": requests.approve_request,
    "request.refuse": requests.refuse_request,
    "request.withdraw": requests.withdraw_request,
    "chat.update": chats.update_chat,
    "nickname.set": nicknames.set_nickname,
    "message.forward": messages.forward_messages,
    "pin.add": pins.add_pin,
    "pin.remove": pins.remove_pin,
    "feature.add": featured.add_featured,
    "feature.remove": featured.remove_featured,
}
