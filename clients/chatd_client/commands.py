"""Every op that carries no state of the client. Sends and open groups are the client's own."""

from __future__ import annotations

from chatd_client.ops.bans import BanOps
from chatd_client.ops.boards import BoardOps
from chatd_client.ops.bots import BotOps
from chatd_client.ops.chats import ChatOps
from chatd_client.ops.contacts import ContactOps
from chatd_client.ops.groups import GroupOps
from chatd_client.ops.invites import InviteOps
from chatd_client.ops.items import ItemOps
from chatd_client.ops.messages import MessageOps
from chatd_client.ops.moderation import ModerationOps
from chatd_client.ops.ownership import OwnershipOps
from chatd_client.ops.relations import RelationOps
from chatd_client.ops.search import SearchOps
from chatd_client.ops.sections import SectionOps
from chatd_client.ops.titles import TitleOps
from chatd_client.ops.users import UserOps


class Commands(
    UserOps,
    RelationOps,
    ContactOps,
    GroupOps,
    MessageOps,
    ModerationOps,
    SearchOps,
    InviteOps,
    OwnershipOps,
    BanOps,
    TitleOps,
    ItemOps,
    ChatOps,
    BoardOps,
    SectionOps,
    BotOps,
):
    """What the client can ask, put together from its nouns."""
