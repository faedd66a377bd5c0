"""The settings of a server under test that go with the model's bounds."""

from __future__ import annotations

from typing import Any

from tests.model.rules import Bounds


def sections_of(bounds: Bounds) -> dict[str, dict[str, Any]]:
    """The settings that go with the model's bounds, and small sizes, so that every seam is near."""
    return {
        "limits": {
            "private_group_limit_default": bounds.limit_default,
            "group_limit_max": bounds.limit_max,
            "groups_per_user": bounds.groups_per_user,
            "following_max": bounds.following_max,
            "reactions_per_message": bounds.signs_per_message,
            "edits_per_message": bounds.edits_per_message,
            "requests_per_s": 1e6,
            "request_burst": 1e6,
            "user_requests_per_s": 1e6,
            "user_request_burst": 1e6,
        },
        "messages": {
            "recall_window_s": bounds.window_ms / 1000,
            "mentions_per_message": bounds.mentions_per_message,
            "mention_all_per_day": bounds.calls_per_day,
            "pins_per_group": bounds.pins,
            "featured_per_group": bounds.featured,
            "bundle_items_max": bounds.bundle_items,
            "bundle_depth_max": bounds.bundle_depth,
        },
        "invites": {
            "open_per_maker": bounds.invites_open,
            "requests_per_group": bounds.requests_per_group,
            "request_again_s": bounds.request_again_ms / 1000,
            "staff_told": bounds.staff_told,
            "resolve_s": 0.0,
            "pull_ask_days": bounds.pull_ask_ms / 86_400_000,
        },
        "groups": {
            "public_group_limit_default": bounds.public_default,
            "public_group_limit_max": bounds.public_max,
            "bans_per_group": bounds.bans,
            "sections_per_group": bounds.sections,
            "sections_kept_per_group": bounds.sections_kept,
            "fan_groups_per_owner": bounds.fan_groups,
            "dissolved_keep_days": bounds.dissolved_keep_ms / 86_400_000,
        },
        "store": {"user_log_keep": bounds.user_log_keep},
        "hub": {
            "live_groups": 1,
            "ring_entries": 4,
            "page_entries": 3,
            "slice_deliveries": 2,
            "read_flush_s": 1e6,
        },
    }
