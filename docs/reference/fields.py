"""The fields of what each command answers with `--json`; `tests/cli/test_json_fields.py` holds them to real answers."""

from __future__ import annotations

from typing import Final

FIELDS: Final = {
    "audit": "act at by by_sub details group number reason user user_sub",
    "backup": "added at audited bytes counts file kind n problems revision seconds version",
    "ban add": "banned group members user",
    "ban list": "bans bans[].at bans[].by bans[].by_sub bans[].group bans[].name bans[].reason bans[].sub bans[].user",
    "ban remove": "banned group user",
    "bot create": "bot scopes token user",
    "bot disable": "bot closed disabled",
    "bot enable": "bot closed disabled",
    "bot list": (
        "bots bots[].bot bots[].connections bots[].created bots[].groups bots[].name bots[].scopes "
        "bots[].tokens bots[].user"
    ),
    "bot scopes": "bot closed scopes",
    "bot show": "bot commands connections created direct groups intro name scopes tokens user",
    "bot token": "bot closed token user",
    "broadcast cancel": "at broadcast ended groups kind refused sender sent state",
    "broadcast list": (
        "broadcasts broadcasts[].at broadcasts[].broadcast broadcasts[].ended broadcasts[].groups "
        "broadcasts[].kind broadcasts[].refused broadcasts[].sender broadcasts[].sent broadcasts[].state"
    ),
    "broadcast results": "results results[].group results[].pos results[].result",
    "broadcast send": "at broadcast dry_run ended groups kind refused sender sent state unknown",
    "broadcast show": "at broadcast ended groups kind refused sender sent state",
    "catalogue delete": "id kind result",
    "catalogue import": "counts refused refused[].field refused[].line refused[].reason",
    "catalogue list": (
        "items items[].at items[].currency items[].id items[].kind items[].price items[].rev items[].shop_url "
        "items[].status items[].title items[].url"
    ),
    "catalogue show": "at currency id kind price rev shop_url status title url",
    "doctor": "counts findings findings[].check findings[].en findings[].level findings[].zh",
    "erase": "at closed done entries groups more_groups name rows stage sub total user",
    "export group": "file lines",
    "export user": "file lines",
    "follow add": "result",
    "follow check": "blocked blocks disabled followed follows may pull result",
    "follow import": "counts lines refused refused[].field refused[].line refused[].reason went_on_behind",
    "follow list": "users users[].at users[].name users[].sub users[].user",
    "follow remove": "result",
    "group create": "created group pos",
    "group dissolve": "group pos until",
    "group list": (
        "groups groups[].at groups[].created groups[].group groups[].head groups[].kind groups[].limit "
        "groups[].members groups[].messages groups[].title"
    ),
    "group notice": "group pos",
    "group restrict": "group pos restricted until",
    "group set-limit": "group pos",
    "group show": "at created group head kind limit members messages owner owner_sub title",
    "group transfer": "group pos",
    "group unrestrict": "group pos restricted",
    "group update": "group pos",
    "invite create": "code expires group invite kind link token",
    "invite list": "created expires group invite kind maker max_uses note role state uses",
    "invite revoke": "group invite",
    "member add": "group pos result user",
    "member ban": "banned group members user",
    "member kick": "banned group members user",
    "member list": (
        "members members[].at members[].by members[].name members[].reason members[].role members[].since "
        "members[].sub members[].user"
    ),
    "member restrict": "group restricted until user",
    "member role": "group pos role user",
    "member unban": "banned group user",
    "member unrestrict": "group restricted user",
    "migrate": "after before",
    "request approve": "group pos state user",
    "request decline": "group state user",
    "request list": (
        "requests requests[].answer requests[].at requests[].group requests[].name requests[].number "
        "requests[].sub requests[].user"
    ),
    "restore": (
        "again at counts dry_run epoch kept kind learned ledger ledger_ends_at ledger_of_old_database ledger_up_to_date n "
        "revision seconds to version"
    ),
    "retention run": "cut days gone groups keep_pinned messages",
    "retention set": "days group",
    "retention show": "days groups groups[].days groups[].floor groups[].group groups[].title keep_pinned",
    "revoke": "closed",
    "search rebuild": "",
    "search status": (
        "search_lag_commits search_lag_ms search_rebuild_total search_rebuilding search_rebuilt_entries "
        "search_restarts searches searches_failed"
    ),
    "stats": (
        "batch_ms batches bots bots_all commits deliveries directs_all drafts_unsaved entries entries_gone epoch "
        "fell_behind groups groups_all messages_all pages_read people people_all pid proposals proposals_waiting reads_unsaved search_lag_commits search_lag_ms "
        "search_rebuild_total search_rebuilding search_rebuilt_entries search_restarts searches "
        "searches_failed sessions url words words_blocked words_masked writer_restarts"
    ),
    "token": "expires sub token",
    "top": (
        "at batches_per_s bots commands_per_batch commands_per_s commits_per_s deliveries_per_s entries_per_s "
        "fell_behind groups groups_busy interval_s jobs ms_per_batch pages_per_s people processes "
        "proposals_waiting reads_unsaved search_lag_commits search_lag_ms search_rebuilding searches_per_s "
        "sessions sessions_behind sessions_slow unsent_bytes url writer_restarts"
    ),
    "user account": "login password user",
    "user add": "user",
    "user code": "code",
    "user disable": "closed disabled user",
    "user enable": "closed disabled user",
    "user list": "more users users[].name users[].sub users[].user",
    "user show": (
        "connections created groups memberships memberships[].group memberships[].kind memberships[].role "
        "memberships[].title name sub user"
    ),
    "user tag": "tags tags[].source tags[].tag user",
    "verify": "counts found problems",
    "words check": "files words",
    "words reload": "before words",
    "words test": "found result text",
}
"""Names by command; `things[].name` is a name in each of a list of things."""
