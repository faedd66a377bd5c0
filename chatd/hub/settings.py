"""What the hub can be tuned by. Where a value came from, it does not know."""

from __future__ import annotations

from typing import Any

import msgspec

from chatd.core.limits import Bounds, Rate
from chatd.service.bounds import Narrowed
from chatd.service.search import SearchBounds


class HubSettings(msgspec.Struct, frozen=True):
    """What can be tuned. `told` goes out with every hello: the bounds that a client must know."""

    bounds: Bounds
    narrowed: Narrowed
    told: dict[str, Any]
    rates: dict[str, Rate | None] = {}
    rate_keys_max: int = 100_000
    profile_fields: list[dict[str, str]] = []
    search: SearchBounds = SearchBounds()
    live_groups: int = 50
    ring_entries: int = 256
    ring_bytes: int = 1_048_576
    page_entries: int = 100
    write_high_bytes: int = 262_144
    """Above this a socket takes nothing more."""
    slice_deliveries: int = 10_000
    heads_interval_s: float = 25.0
    read_flush_s: float = 1.0
    read_marks_max: int = 100_000
    expiry_notice_s: float = 60.0
    hello_timeout_s: float = 10.0
    requests_per_s: float = 50.0
    request_burst: float = 200.0
    user_requests_per_s: float = 100.0
    user_request_burst: float = 400.0
    connections_per_user: int = 20
    inflight_per_connection: int = 64
    typing_group_max: int = 100
    typing_interval_s: float = 3.0
    public_url: str = ""
    resolve_s: float = 0.05
    drafts_unsaved_max: int = 2000
    receipt_group_max: int = 100
    receipt_interval_s: float = 2.0
    presence_group_max: int = 100
    presence_interval_s: float = 2.0
    presence_changes_max: int = 10_000
