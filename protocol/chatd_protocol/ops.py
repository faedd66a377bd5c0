"""The table of ops: for each its request, its answer, and whether it changes something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chatd_protocol import (
    bans,
    chats,
    contacts,
    featured,
    forwards,
    groups,
    invites,
    mentions,
    messages,
    moderation,
    nicknames,
    ownership,
    pins,
    presence,
    receipts,
    relations,
    requests,
    search,
    session,
    titles,
    users,
)
from chatd_protocol.values import Data, View


@dataclass(frozen=True, slots=True)
class Op:
    """One row. A `command` carries a `cid` and is durable when answered; the others are reads or signals."""

    name: str
    request: type[Data]
    answer: type[View]
    command: bool


_OPS = (
    Op("session.hello", session.Hello, session.HelloOk, False),
    Op("session.renew", session.Renew, session.RenewOk, False),
    Op("user.get", users.GetUsers, users.GetUsersOk, False),
    Op("user.search", users.FindUsers, users.FoundUsers, False),
    Op("user.update", users.UpdateProfile, users.ProfileOk, True),
    Op("user.handle", users.SetHandle, users.HandleOk, True),
    Op("privacy.get", users.GetPrivacy, users.Privacy, False),
    Op("privacy.set", users.SetPrivacy, users.Privacy, True),
    Op("device.list", users.ListDevices, users.Devices, False),
    Op("device.revoke", users.RevokeDevice, users.RevokeDeviceOk, True),
    Op("follow.add", relations.AddFollow, relations.FollowOk, True),
    Op("follow.remove", relations.RemoveFollow, relations.FollowOk, True),
    Op("follow.list", relations.ListFollows, relations.Relations, False),
    Op("block.add", relations.AddBlock, relations.BlockOk, True),
    Op("block.remove", relations.RemoveBlock, relations.BlockOk, True),
    Op("block.list", relations.ListBlocks, relations.Relations, False),
    Op("contact.request", contacts.RequestContact, contacts.ContactOk, True),
    Op("contact.accept", contacts.AcceptContact, contacts.AcceptContactOk, True),
    Op("contact.decline", contacts.DeclineContact, session.Unnamed, True),
    Op("contact.list", contacts.ListContacts, contacts.ContactRequests, False),
    Op("group.create", groups.CreateGroup, groups.CreateGroupOk, True),
    Op("group.get", groups.GetGroup, groups.GroupInfo, False),
    Op("group.list", groups.ListGroups, groups.Groups, False),
    Op("group.update", groups.UpdateGroup, groups.Placed, True),
    Op("group.open", groups.OpenGroup, groups.GroupLine, False),
    Op("group.close", groups.CloseGroup, session.Unnamed, False),
    Op("group.members", groups.ListMembers, groups.Members, False),
    Op("member.add", groups.AddMembers, groups.AddMembersOk, True),
    Op("member.suggest", relations.SuggestMembers, relations.Suggestions, False),
    Op("member.leave", groups.LeaveGroup, groups.LeaveGroupOk, True),
    Op("member.kick", groups.KickMember, groups.Placed, True),
    Op("member.role", groups.SetRole, groups.Placed, True),
    Op("message.send", messages.SendMessage, messages.SendMessageOk, True),
    Op("message.recall", messages.RecallMessage, groups.Placed, True),
    Op("message.edit", messages.EditMessage, messages.EditMessageOk, True),
    Op("message.history", messages.ReadHistory, messages.History, False),
    Op("message.search", search.SearchMessages, search.SearchMessagesOk, False),
    Op("reaction.add", messages.AddReaction, messages.ReactionOk, True),
    Op("reaction.remove", messages.RemoveReaction, messages.ReactionOk, True),
    Op("reaction.list", messages.ListReactions, messages.Reactions, False),
    Op("read.mark", messages.MarkRead, messages.MarkReadOk, False),
    Op("typing.start", messages.Typing, session.Unnamed, False),
    Op("member.restrict", moderation.RestrictMember, moderation.MemberRestricted, True),
    Op("member.unrestrict", moderation.UnrestrictMember, moderation.MemberUnrestricted, True),
    Op("group.restrict", moderation.RestrictGroup, moderation.GroupModerated, True),
    Op("group.unrestrict", moderation.UnrestrictGroup, moderation.GroupModerated, True),
    Op("group.slow", moderation.SlowDown, moderation.GroupModerated, True),
    Op("audit.list", moderation.ListAudit, moderation.Audit, False),
    Op("invite.create", invites.CreateInvite, invites.InviteMade, True),
    Op("invite.list", invites.ListInvites, invites.Invites, False),
    Op("invite.revoke", invites.RevokeInvite, invites.InviteRevoked, True),
    Op("invite.preview", invites.PreviewInvite, invites.InvitePreview, False),
    Op("invite.redeem", invites.RedeemInvite, requests.Entered, True),
    Op("invite.tree", invites.ReadTree, invites.Tree, False),
    Op("group.entry", requests.SetEntry, groups.Placed, True),
    Op("group.join", requests.JoinGroup, requests.Entered, True),
    Op("request.create", requests.CreateRequest, requests.Entered, True),
    Op("request.list", requests.ListRequests, requests.Requests, False),
    Op("request.approve", requests.ApproveRequest, requests.Decided, True),
    Op("request.refuse", requests.RefuseRequest, requests.Decided, True),
    Op("request.withdraw", requests.WithdrawRequest, requests.Decided, True),
    Op("chat.update", chats.UpdateChat, chats.ChatOk, True),
    Op("draft.save", chats.SaveDraft, chats.SaveDraftOk, False),
    Op("nickname.set", nicknames.SetNickname, nicknames.NicknameOk, True),
    Op("receipt.get", receipts.GetReceipts, receipts.Receipts, False),
    Op("presence.get", presence.GetPresence, presence.Presence, False),
    Op("message.at", messages.FindPos, messages.FindPosOk, False),
    Op("message.forward", forwards.ForwardMessages, messages.SendMessageOk, True),
    Op("mention.list", mentions.ListMentions, mentions.Mentions, False),
    Op("pin.add", pins.AddPin, pins.PinOk, True),
    Op("pin.remove", pins.RemovePin, pins.PinOk, True),
    Op("pin.list", pins.ListPins, pins.Pins, False),
    Op("feature.add", featured.AddFeatured, featured.FeatureOk, True),
    Op("feature.remove", featured.RemoveFeatured, featured.FeatureOk, True),
    Op("feature.list", featured.ListFeatured, featured.FeaturedPosts, False),
    Op("group.transfer", ownership.TransferGroup, groups.Placed, True),
    Op("group.dissolve", ownership.DissolveGroup, ownership.DissolveGroupOk, True),
    Op("group.announce", ownership.AnnounceInGroup, ownership.AnnounceInGroupOk, True),
    Op("group.find", titles.FindGroups, titles.FoundGroups, False),
    Op("member.ban", bans.BanMember, bans.BanOk, True),
    Op("member.unban", bans.UnbanMember, bans.BanOk, True),
    Op("member.bans", bans.ListBans, bans.Bans, False),
    Op("invite.received", invites.ListReceived, invites.ReceivedInvites, False),
    Op("invite.decline", invites.DeclineInvite, invites.InviteDeclined, True),
)

OPS: Final[dict[str, Op]] = {op.name: op for op in _OPS}
