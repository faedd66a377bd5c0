"""The counts and times that model and server are bound by: small, so that every seam is near."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Bounds:
    """The counts and times that the server under test is configured with."""

    limit_default: int = 4
    limit_max: int = 6
    public_default: int = 3
    public_max: int = 5
    groups_per_user: int = 5
    following_max: int = 3
    signs_per_message: int = 2
    edits_per_message: int = 2
    window_ms: int = 120_000
    user_log_keep: int = 2
    invites_open: int = 2
    requests_per_group: int = 2
    request_again_ms: int = 60_000
    staff_told: int = 2
    mentions_per_message: int = 2
    calls_per_day: int = 1
    pins: int = 2
    featured: int = 2
    bans: int = 2
    bundle_items: int = 3
    bundle_depth: int = 2
    dissolved_keep_ms: int = 120_000
    pull_ask_ms: int = 110_000
    sections: int = 3
    sections_kept: int = 4
    fan_groups: int = 2
    kept_ms: int = 86_400_000
    """For so long messages are kept, once somebody lets the older ones go."""
