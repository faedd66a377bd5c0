"""Which settings each part is tuned by: the sections of the configuration turned into what the parts take.

The parts know no configuration; each has a Struct or arguments of its own. This module must not build any part.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from chatd.config import Config
from chatd.core.limits import Bounds, Rate, rate_of
from chatd.hub.settings import HubSettings
from chatd.service.bounds import Narrowed
from chatd.service.search import SearchBounds
from chatd.service.words import WordSettings
from chatd.store.writer import Settings as WriterSettings

S = TypeVar("S", bound=msgspec.Struct)


def fill(kind: type[S], *sections: msgspec.Struct, **rest: Any) -> S:
    """A Struct whose fields come from the settings of the same name, and from `rest`."""
    values = {
        name: getattr(section, name)
        for section in sections
        for name in kind.__struct_fields__
        if name in section.__struct_fields__
    }
    return kind(**(values | rest))


def bounds_of(config: Config) -> Bounds:
    """The bounds that commits are judged by."""
    profile, invites = config.profile, config.invites
    return fill(
        Bounds,
        config.limits,
        config.messages,
        config.store,
        profile,
        invites,
        config.groups,
        group_limit_default=config.limits.private_group_limit_default,
        recall_window_ms=int(config.messages.recall_window_s * 1000),
        handle_pause_ms=int(profile.handle_pause_days * 86_400_000),
        handle_reserved_ms=int(profile.handle_reserved_days * 86_400_000),
        profile_fields=tuple(field["name"] for field in profile.declared()),
        profile_field_max=profile.field_max,
        invites_open_per_maker=invites.open_per_maker,
        cid_ttl_ms=int(config.store.cid_ttl_days * 86_400_000),
        dissolved_keep_ms=int(config.groups.dissolved_keep_days * 86_400_000),
        request_again_ms=int(invites.request_again_s * 1000),
        pull_ask_ms=int(invites.pull_ask_days * 86_400_000),
        host_owns_follows=config.follows.owner == "host",
    )


def rates_of(config: Config) -> dict[str, Rate | None]:
    """How often whom, by name."""
    written = msgspec.structs.asdict(config.rates)
    return {name: rate_of(text) if written["on"] else None for name, text in written.items() if isinstance(text, str)}


def word_settings(config: Config) -> WordSettings:
    """Where the word list is, and how it is applied."""
    return fill(WordSettings, config.words)


def hub_settings(config: Config) -> HubSettings:
    """What the hub can be tuned by."""
    limits, hub = config.limits, config.hub
    told = {
        "message_bytes": config.ws.max_message_bytes,
        "text_code_points": limits.text_max,
        "add_users": limits.add_max,
        "page_entries": limits.history_page_max,
        "requests_per_s": limits.requests_per_s,
        "recall_window_s": config.messages.recall_window_s,
        "typing_group_members": config.messages.typing_group_max,
        "stall_timeout_s": config.ws.stall_timeout_s,
        "heads_interval_s": hub.heads_interval_s,
        "receipt_group_members": config.messages.receipt_group_max,
        "presence_group_members": config.messages.presence_group_max,
    }
    return fill(
        HubSettings,
        hub,
        limits,
        config.messages,
        config.auth,
        config.invites,
        bounds=bounds_of(config),
        narrowed=fill(Narrowed, limits),
        search=fill(SearchBounds, config.search),
        rates=rates_of(config),
        rate_keys_max=config.rates.keys_max,
        told=told,
        hello_timeout_s=config.ws.hello_timeout_s,
        write_high_bytes=config.ws.write_high_bytes,
        profile_fields=config.profile.declared(),
    )


def writer_settings(config: Config, engine: str, epoch: str = "") -> WriterSettings:
    """What the writer process is told."""
    store = config.store
    return WriterSettings(
        url=store.url,
        bounds=bounds_of(config),
        batch_max=store.batch_max,
        free_disk_floor_bytes=store.free_disk_floor_mb * 2**20,
        command_ttl_ms=store.cid_ttl_days * 86_400_000,
        commits_keep=store.commits_keep,
        engine=engine,
        epoch=epoch,
    )
