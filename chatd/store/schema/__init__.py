"""The tables: the one description that migrations are checked against and statements take their types from.

What is looked up together lies together: everything of a group begins with `group_id`, so that the tables can later be
distributed by it. Texts are UTF-8, times ms since 1970 UTC, `body` and `reactions` JSON as text (it is never searched
inside, and stays readable for a person with a database shell).

A noun's tables are in its module. Here they come together: `metadata` knows each of them by name.
"""

from __future__ import annotations

from chatd.store.schema.bookkeeping import audit, commands, commits, ledger, meta, writers
from chatd.store.schema.broadcasts import broadcast_groups, broadcasts
from chatd.store.schema.chat_list import chats, drafts, mine, reads
from chatd.store.schema.columns import metadata
from chatd.store.schema.invitation import invite_makers, invites, join_queues, join_requests
from chatd.store.schema.items import card_changes, card_places, catalogue
from chatd.store.schema.log import boards, entries, featured, mentions, reactions, sections
from chatd.store.schema.membership import bans, fan_groups, gone_groups, group_terms, groups, memberships, paces
from chatd.store.schema.people import (
    accounts,
    blocks,
    bot_tokens,
    bots,
    contacts,
    devices,
    erased_subs,
    erasures,
    follow_imports,
    follow_versions,
    follows,
    handles,
    name_parts,
    reset_codes,
    revocations,
    signup_codes,
    users,
)

__all__ = [
    "accounts",
    "audit",
    "bans",
    "blocks",
    "boards",
    "bot_tokens",
    "bots",
    "broadcast_groups",
    "broadcasts",
    "card_changes",
    "card_places",
    "catalogue",
    "chats",
    "commands",
    "commits",
    "contacts",
    "devices",
    "drafts",
    "entries",
    "erased_subs",
    "erasures",
    "fan_groups",
    "featured",
    "follow_imports",
    "follow_versions",
    "follows",
    "gone_groups",
    "group_terms",
    "groups",
    "handles",
    "invite_makers",
    "invites",
    "join_queues",
    "join_requests",
    "ledger",
    "memberships",
    "mentions",
    "meta",
    "metadata",
    "mine",
    "name_parts",
    "paces",
    "reactions",
    "reads",
    "reset_codes",
    "revocations",
    "sections",
    "signup_codes",
    "users",
    "writers",
]
