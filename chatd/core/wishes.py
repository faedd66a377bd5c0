"""Every kind of proposal there is, as one tagged union: what the hub may send and the writer may decode."""

from __future__ import annotations

from chatd.core.accounts import DropCodes, FinishReset, MakeSignupCode, SetPassword, SignUp, StartReset
from chatd.core.announcements import AnnounceInGroup
from chatd.core.bans import BanMember, Expel, Pardon, Unban
from chatd.core.bots import AddToken, MakeBot, SetCommands, SetScopes
from chatd.core.broadcasts import (
    AimBroadcast,
    CancelBroadcast,
    DeliverBroadcast,
    ForgetBroadcast,
    PlanBroadcast,
    PostNotice,
    StartBroadcast,
)
from chatd.core.cards import Announce
from chatd.core.catalogue import ChangeCatalogue
from chatd.core.chats import ClearMark, SaveDrafts, UpdateChat
from chatd.core.contacts import AcceptContact, DeclineContact, RequestContact
from chatd.core.devices import RevokeDevice, SaveDevices
from chatd.core.dissolution import Disband, Dissolve, EndStay, Sweep
from chatd.core.erasure import BeginErasure, EndErasure, EraseEdges, EraseEntries, EraseInGroup, PruneOwnLog, WipeRows
from chatd.core.featured import Feature, Unfeature
from chatd.core.follows import ChangeFollows, CheckPull, ForgetImport, MakeUsers
from chatd.core.forwards import Forward
from chatd.core.groups import CreateDirect, CreateGroup, Kick, Leave, SetRole, UpdateGroup
from chatd.core.handles import SetHandle
from chatd.core.invites import CreateInvite, DeclineInvite, EndInvite, PreviewInvite, RedeemInvite, RevokeInvite
from chatd.core.menus import Press
from chatd.core.messages import Edit, React, Recall, Send
from chatd.core.moderation import RestrictGroup, RestrictMember, SlowDown, UnrestrictMember
from chatd.core.nicknames import SetNickname
from chatd.core.notes import NoteAct
from chatd.core.ownership import Appoint, Transfer
from chatd.core.pins import Pin, Unpin
from chatd.core.profiles import SetPrivacy, SetTag, UpdateProfile
from chatd.core.proposal import Abandon, Refuse
from chatd.core.pulls import AddMembers
from chatd.core.relations import Block, Follow
from chatd.core.requests import Decide, Join, SetEntry, Withdraw
from chatd.core.restoring import EndAgain, NoteBackup, NoteRestore, RecallAgain
from chatd.core.retention import CutLog, NoteRetention, SetRetention
from chatd.core.sections import CreateSection, OrderSections, UpdateSection
from chatd.core.tending import Adjust, Admit, Assign, Enlist, FoundFor, Hush, InviteFor, Silence
from chatd.core.users import DisableUser, EnsureUser, Revoke, SaveReads

AnyWish = (
    Abandon
    | AcceptContact
    | AddMembers
    | Block
    | CreateDirect
    | CreateGroup
    | Refuse
    | DisableUser
    | DeclineContact
    | Edit
    | EnsureUser
    | Follow
    | Kick
    | Leave
    | React
    | Recall
    | RestrictGroup
    | RestrictMember
    | RequestContact
    | Revoke
    | RevokeDevice
    | SaveDevices
    | SaveReads
    | Send
    | SetHandle
    | SetPrivacy
    | SetRole
    | SlowDown
    | UnrestrictMember
    | SetTag
    | UpdateGroup
    | UpdateProfile
    | CreateInvite
    | EndInvite
    | PreviewInvite
    | RedeemInvite
    | RevokeInvite
    | Decide
    | Join
    | SetEntry
    | Withdraw
    | UpdateChat
    | ClearMark
    | SaveDrafts
    | SetNickname
    | Announce
    | ChangeCatalogue
    | Pin
    | Unpin
    | Feature
    | Unfeature
    | Forward
    | AnnounceInGroup
    | Appoint
    | BanMember
    | Disband
    | Dissolve
    | EndStay
    | Expel
    | Pardon
    | Sweep
    | Transfer
    | Unban
    | SignUp
    | SetPassword
    | StartReset
    | FinishReset
    | MakeSignupCode
    | DropCodes
    | DeclineInvite
    | CreateSection
    | OrderSections
    | UpdateSection
    | ChangeFollows
    | CheckPull
    | ForgetImport
    | MakeUsers
    | AimBroadcast
    | CancelBroadcast
    | DeliverBroadcast
    | ForgetBroadcast
    | PlanBroadcast
    | PostNotice
    | StartBroadcast
    | AddToken
    | MakeBot
    | SetCommands
    | SetScopes
    | Press
    | Admit
    | Adjust
    | Assign
    | Enlist
    | FoundFor
    | Hush
    | InviteFor
    | Silence
    | BeginErasure
    | EndErasure
    | EraseEdges
    | EraseEntries
    | EraseInGroup
    | PruneOwnLog
    | WipeRows
    | EndAgain
    | NoteAct
    | NoteBackup
    | NoteRestore
    | RecallAgain
    | CutLog
    | NoteRetention
    | SetRetention
)
