"""Every kind of proposal there is, as one tagged union: what the hub may send and the writer may decode."""

from __future__ import annotations

from chatd.core.groups import AddMembers, CreateDirect, CreateGroup, Kick, Leave, SetRole, UpdateGroup
from chatd.core.messages import Edit, React, Recall, Send
from chatd.core.moderation import RestrictGroup, RestrictMember, SlowDown, UnrestrictMember
from chatd.core.proposal import Abandon
from chatd.core.relations import Block, Follow
from chatd.core.users import EnsureUser, Revoke, SaveReads

AnyWish = (
    Abandon
    | AddMembers
    | Block
    | CreateDirect
    | CreateGroup
    | Edit
    | EnsureUser
    | Follow
    | Kick
    | Leave
    | React
    | Recall
    | RestrictGroup
    | RestrictMember
    | Revoke
    | SaveReads
    | Send
    | SetRole
    | SlowDown
    | UnrestrictMember
    | UpdateGroup
)
