"""What may be tuned, and within which bounds: a section of `chatd.toml` is a Struct here, a key is a field.

Units are in the names: `_s` seconds, `_days` days, `_bytes` bytes, `_mb` 2^20 bytes. What a type cannot say of a value
is in `checks`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from chatd_protocol.kinds import ENTITIES_MAX
from chatd_protocol.values import ADD_MAX, GROUP_MEMBERS_MAX, PAGE_MAX, PUBLIC_MEMBERS_MAX, SEARCH_TEXT_MAX, TEXT_MAX

FIELD: Final = re.compile(r"([a-z][a-z0-9_]{0,29})=([^/=]{1,40})/([^/=]{1,40})")

Line = Annotated[str, Meta(max_length=2000, pattern=r"^[^\x00-\x1f\x7f\ud800-\udfff]*\Z")]
Timeout = Annotated[float, Meta(gt=0, le=3600)]
Rate = Annotated[float, Meta(gt=0, le=1_000_000)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Size = Annotated[int, Meta(ge=1024, le=2**30)]
RateText = Annotated[str, Meta(max_length=60, pattern=r"^(off|[1-9][0-9]{0,6}/(s|min|h), burst [1-9][0-9]{0,6})\Z")]
Names = Annotated[tuple[Line, ...], Meta(max_length=100)]


class _Section(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the sections. `repr` shows no secret, so that a settings object may be logged whole."""

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, _mask(name, getattr(self, name))) for name in self.__struct_fields__]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"


class Server(_Section, frozen=True, kw_only=True):
    """Where the server listens, and whom it believes."""

    host: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^\S+\Z")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    tls_cert: Line = ""
    tls_key: Line = ""
    trusted_proxies: Names = ()
    allowed_origins: Names = ()
    admin_socket: Line = ""
    state_dir: Line = ""
    drain_s: Annotated[float, Meta(ge=0, le=3600)] = 10.0


class Front(_Section, frozen=True, kw_only=True):
    """The page at `/`, which says what runs here and how to come in."""

    on: bool = True
    title: Annotated[str, Meta(max_length=80, pattern=r"^[^\x00-\x1f\x7f\ud800-\udfff]*\Z")] = ""
    intro: Line = ""
    intro_zh: Line = ""


class Store(_Section, frozen=True, kw_only=True):
    """The database and the writer in front of it."""

    url: Line = "sqlite:///chatd.db"
    readers: Annotated[int, Meta(ge=1, le=64)] = 2
    free_disk_floor_mb: Annotated[int, Meta(ge=0, le=2**20)] = 200
    batch_max: Annotated[int, Meta(ge=1, le=10_000)] = 2048
    queue_max: Count = 20_000
    cid_ttl_days: Annotated[int, Meta(ge=1, le=3650)] = 30
    user_log_keep: Count = 1000
    commits_keep: Annotated[int, Meta(ge=100, le=10_000_000)] = 10_000


class Backup(_Section, frozen=True, kw_only=True):
    """What is kept beside backups, and what making one may cost."""

    ledger: Line = ""
    ledger_every_s: Annotated[float, Meta(ge=0.05, le=3600)] = 1.0
    wal_max_mb: Annotated[int, Meta(ge=1, le=2**24)] = 4096


class Auth(_Section, frozen=True, kw_only=True):
    """How the tokens of the host are checked. The algorithm is what stands here, never what a token says."""

    jwt_algorithm: Literal["HS256", "RS256", "ES256", "EdDSA"] = "HS256"
    jwt_secret: Line = ""
    jwt_secret_before: Line = ""
    jwt_public_key_file: Line = ""
    jwks_url: Line = ""
    jwks_ca_file: Line = ""
    jwks_allow_loopback: bool = False
    jwks_cache_s: Annotated[float, Meta(gt=0, le=86_400)] = 300.0
    jwks_refetch_s: Annotated[float, Meta(gt=0, le=3600)] = 30.0
    jwks_stale_s: Annotated[float, Meta(ge=0, le=2_592_000)] = 86_400.0
    jwks_timeout_s: Annotated[float, Meta(gt=0, le=60)] = 5.0
    jwks_max_bytes: Annotated[int, Meta(ge=1024, le=2**24)] = 262_144
    issuer: Line = ""
    audience: Line = ""
    leeway_s: Annotated[float, Meta(ge=0, le=3600)] = 30.0
    expiry_notice_s: Annotated[float, Meta(ge=0, le=3600)] = 60.0


class Accounts(_Section, frozen=True, kw_only=True):
    """Accounts of a community without a host app."""

    signup: Literal["off", "open", "invite", "closed"] = "off"
    token_ttl_s: Annotated[float, Meta(ge=60, le=31_536_000)] = 86_400.0
    password_min: Annotated[int, Meta(ge=1, le=128)] = 10
    hash_memory_kib: Annotated[int, Meta(ge=8, le=2**22)] = 19_456
    hash_passes: Annotated[int, Meta(ge=1, le=100)] = 2
    hash_workers: Annotated[int, Meta(ge=1, le=64)] = 2
    hash_queue: Annotated[int, Meta(ge=0, le=10_000)] = 64
    code_ttl_s: Annotated[float, Meta(gt=0, le=86_400)] = 900.0
    code_tries: Annotated[int, Meta(ge=1, le=100)] = 5
    hook_command: Line = ""
    hook_url: Line = ""
    hook_allow_loopback: bool = False
    hook_timeout_s: Timeout = 10.0


class Ws(_Section, frozen=True, kw_only=True):
    """The WebSocket transport: how long it waits and how much it holds, per connection."""

    header_timeout_s: Timeout = 5.0
    handshake_timeout_s: Timeout = 5.0
    hello_timeout_s: Timeout = 10.0
    frame_timeout_s: Timeout = 30.0
    close_timeout_s: Timeout = 5.0
    stall_timeout_s: Timeout = 60.0
    ping_interval_s: Timeout = 25.0
    ping_timeout_s: Timeout = 20.0
    max_header_bytes: Annotated[int, Meta(ge=1024, le=2**20)] = 16_384
    max_message_bytes: Annotated[int, Meta(ge=1024, le=2**24)] = 65_536
    max_fragments: Annotated[int, Meta(ge=1, le=10_000)] = 64
    max_connections: Count = 20_000
    write_high_bytes: Size = 262_144
    write_low_bytes: Size = 65_536
    send_buffer_bytes: Annotated[int, Meta(ge=0, le=2**30)] = 65_536


class Limits(_Section, frozen=True, kw_only=True):
    """How much of everything. What the wire itself bounds (`chatd_protocol.values`) can be lowered here, not raised."""

    requests_per_s: Rate = 50.0
    request_burst: Count = 200
    user_requests_per_s: Rate = 100.0
    user_request_burst: Count = 400
    connections_per_user: Annotated[int, Meta(ge=1, le=10_000)] = 20
    inflight_per_connection: Annotated[int, Meta(ge=1, le=10_000)] = 64
    text_max: Annotated[int, Meta(ge=1, le=TEXT_MAX)] = TEXT_MAX
    add_max: Annotated[int, Meta(ge=1, le=ADD_MAX)] = ADD_MAX
    private_group_limit_default: Annotated[int, Meta(ge=2, le=GROUP_MEMBERS_MAX)] = 100
    group_limit_max: Annotated[int, Meta(ge=2, le=GROUP_MEMBERS_MAX)] = GROUP_MEMBERS_MAX
    groups_per_user: Annotated[int, Meta(ge=1, le=100_000)] = 2000
    following_max: Count = 20_000
    groups_per_broadcast: Count = 1_000_000
    reactions_per_message: Annotated[int, Meta(ge=1, le=1000)] = 20
    edits_per_message: Annotated[int, Meta(ge=0, le=1000)] = 50
    history_page_max: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_MAX
    list_page_max: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_MAX
    title_max: Annotated[int, Meta(ge=1, le=80)] = 80


class Rates(_Section, frozen=True, kw_only=True):
    """How often: an average and how many at once, or `off`. Of each person, each group, each address."""

    on: bool = True
    send: RateText = "20/s, burst 200"
    join: RateText = "30/min, burst 60"
    create: RateText = "30/min, burst 60"
    follow: RateText = "120/min, burst 300"
    search: RateText = "2/s, burst 20"
    press: RateText = "2/s, burst 20"
    group_send: RateText = "300/s, burst 1000"
    hello: RateText = "50/s, burst 2000"
    http: RateText = "50/s, burst 200"
    sign_in: RateText = "20/min, burst 30"
    account: RateText = "10/min, burst 20"
    resolve: RateText = "30/min, burst 60"
    keys_max: Count = 100_000


class Words(_Section, frozen=True, kw_only=True):
    """Words that must not be said: where they stand, and how they are looked for."""

    files: Names = ()
    action: Literal["block", "mask"] = "block"
    whole_words: bool = True
    skip_separators: bool = False
    tell: bool = False
    words_max: Count = 200_000


class Messages(_Section, frozen=True, kw_only=True):
    """What people may do with messages, and when."""

    recall_window_s: Annotated[float, Meta(ge=0, le=31_536_000)] = 120.0
    typing_group_max: Annotated[int, Meta(ge=0, le=GROUP_MEMBERS_MAX)] = 100
    typing_interval_s: Timeout = 3.0
    receipt_group_max: Annotated[int, Meta(ge=0, le=GROUP_MEMBERS_MAX)] = 100
    receipt_interval_s: Timeout = 2.0
    presence_group_max: Annotated[int, Meta(ge=0, le=GROUP_MEMBERS_MAX)] = 100
    presence_interval_s: Timeout = 2.0
    mentions_per_message: Annotated[int, Meta(ge=0, le=ENTITIES_MAX)] = 20
    mention_all_per_day: Annotated[int, Meta(ge=0, le=100)] = 3
    pins_per_group: Annotated[int, Meta(ge=0, le=100)] = 20
    featured_per_group: Count = 1000
    bundle_items_max: Annotated[int, Meta(ge=2, le=1000)] = 100
    bundle_depth_max: Annotated[int, Meta(ge=1, le=10)] = 3
    bundle_text_max: Annotated[int, Meta(ge=100, le=200_000)] = 20_000


class Profile(_Section, frozen=True, kw_only=True):
    """What people show of themselves and how they are found."""

    fields: Names = ()
    field_max: Annotated[int, Meta(ge=1, le=200)] = 80
    handle_pause_days: Annotated[float, Meta(ge=0.01, le=3650)] = 30.0
    handle_reserved_days: Annotated[float, Meta(ge=0, le=3650)] = 90.0
    devices_per_user: Annotated[int, Meta(ge=1, le=1000)] = 50
    device_revocations: Count = 1000

    def declared(self) -> list[dict[str, str]]:
        """The fields, each with its name and its title in English and Chinese."""
        return [dict(zip(("name", "en", "zh"), FIELD.fullmatch(one).groups(), strict=True)) for one in self.fields]  # type: ignore[union-attr]


class Invites(_Section, frozen=True, kw_only=True):
    """Invites, the page they lead to, and requests to come in."""

    public_url: Line = ""
    app_url: Line = ""
    open_per_maker: Annotated[int, Meta(ge=1, le=1000)] = 100
    resolve_s: Annotated[float, Meta(ge=0, le=10)] = 0.05
    requests_per_group: Annotated[int, Meta(ge=1, le=10_000)] = 200
    request_again_s: Annotated[float, Meta(ge=0, le=31_536_000)] = 3600.0
    pull_ask_days: Annotated[float, Meta(ge=0.01, le=365)] = 7.0
    staff_told: Annotated[int, Meta(ge=1, le=100)] = 20


class Hub(_Section, frozen=True, kw_only=True):
    """Fan-out and catch-up."""

    live_groups: Annotated[int, Meta(ge=1, le=10_000)] = 50
    ring_entries: Annotated[int, Meta(ge=1, le=100_000)] = 256
    ring_bytes: Size = 1_048_576
    page_entries: Annotated[int, Meta(ge=1, le=10_000)] = 100
    slice_deliveries: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    heads_interval_s: Timeout = 25.0
    read_flush_s: Timeout = 1.0
    read_marks_max: Count = 100_000
    drafts_unsaved_max: Count = 2000
    presence_changes_max: Count = 10_000


class Search(_Section, frozen=True, kw_only=True):
    """The program that follows the log into the index, and what a search may cost. How often: `[rates]`."""

    on: bool = True
    portion_entries: Annotated[int, Meta(ge=10, le=100_000)] = 500
    rebuild_share: Annotated[float, Meta(ge=0.01, le=1)] = 0.5
    niceness: Annotated[int, Meta(ge=0, le=19)] = 19
    follow_every_s: Timeout = 0.1
    readers: Annotated[int, Meta(ge=1, le=64)] = 2
    timeout_s: Timeout = 2.0
    terms_max: Annotated[int, Meta(ge=1, le=SEARCH_TEXT_MAX)] = 32
    snippet_max: Annotated[int, Meta(ge=40, le=TEXT_MAX)] = 160
    rounds_max: Annotated[int, Meta(ge=1, le=100)] = 5


class Catalogue(_Section, frozen=True, kw_only=True):
    """The catalogue of videos and products: who may change it over HTTP, and how groups are told of it."""

    secret: Line = ""
    signature_window_s: Annotated[int, Meta(ge=1, le=86_400)] = 300
    body_max_bytes: Annotated[int, Meta(ge=1024, le=2**26)] = 1_048_576
    recent_messages: Annotated[int, Meta(ge=0, le=1_000_000)] = 200
    recent_days: Annotated[int, Meta(ge=0, le=3650)] = 14
    groups_per_commit: Annotated[int, Meta(ge=1, le=50)] = 50
    settle_s: Annotated[float, Meta(ge=0, le=3600)] = 1.0
    pause_s: Annotated[float, Meta(ge=0, le=3600)] = 0.1


class Follows(_Section, frozen=True, kw_only=True):
    """Who says who follows whom: people themselves, or the host app, which tells changes over HTTP."""

    owner: Literal["users", "host"] = "users"
    secret: Line = ""
    signature_window_s: Annotated[int, Meta(ge=1, le=86_400)] = 300
    body_max_bytes: Annotated[int, Meta(ge=1024, le=2**26)] = 1_048_576


class Broadcasts(_Section, frozen=True, kw_only=True):
    """How fast the operator's broadcasts go out, and how long they are kept."""

    groups_per_commit: Annotated[int, Meta(ge=1, le=50)] = 20
    pause_s: Annotated[float, Meta(ge=0, le=3600)] = 0.2
    keep_days: Annotated[float, Meta(gt=0, le=3650)] = 90.0


class Retention(_Section, frozen=True, kw_only=True):
    """How long messages are kept, and how what is older goes."""

    days: Annotated[int, Meta(ge=0, le=36_500)] = 0
    keep_pinned: bool = True
    every_hours: Annotated[float, Meta(ge=0.001, le=8760)] = 24.0
    entries_per_commit: Annotated[int, Meta(ge=1, le=5000)] = 200
    pause_s: Annotated[float, Meta(ge=0, le=3600)] = 0.1


class Log(_Section, frozen=True, kw_only=True):
    """What is written about the server's own doings."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class Debug(_Section, frozen=True, kw_only=True):
    """For those who test the server itself."""

    echo: bool = False


class Groups(_Section, frozen=True, kw_only=True):
    """What becomes of groups, and how large the public ones may be."""

    public_groups: bool = True
    public_group_limit_default: Annotated[int, Meta(ge=2, le=PUBLIC_MEMBERS_MAX)] = 1000
    public_group_limit_max: Annotated[int, Meta(ge=2, le=PUBLIC_MEMBERS_MAX)] = PUBLIC_MEMBERS_MAX
    bans_per_group: Count = 1000
    fan_groups_per_owner: Annotated[int, Meta(ge=0, le=100)] = 20
    dissolved_keep_days: Annotated[float, Meta(ge=0, le=3650)] = 7.0
    sections_per_group: Annotated[int, Meta(ge=1, le=20)] = 5
    sections_kept_per_group: Annotated[int, Meta(ge=1, le=200)] = 50


def _mask(name: str, value: object) -> object:
    if name == "url" and isinstance(value, str) and not value.startswith("sqlite:"):
        return "postgresql://***"
    return "***" if name in {"jwt_secret", "jwt_secret_before", "secret"} and value else value
