"""What `chatd verify` finds wrong, in Chinese and by a code. The store says it in English.

Each code has the sentence with its places named and the same in Chinese. A code says what kind of thing is wrong and
stays; sentences may get better. `tests/cli/test_problems.py` finds every sentence of the store that is missing here.
"""

from __future__ import annotations

import os
import re
from typing import Final

from chatd.cli.language import lang_of

_OF_ENTRIES: Final = {
    "entry_hole": ("follows entry {before}", "前一条是 {before}"),
    "entry_time": ("is older than the one before", "时间早于前一条"),
    "entry_numbered": ("has a message number exactly if it is no message", "有没有消息编号，与是不是消息不符"),
    "message_in_section": (
        "is message {seq} of its section and follows message {before}",
        "是板块里的第 {seq} 条消息，前一条却是 {before}",
    ),
    "message_hole": ("is message {seq} and follows message {before}", "是第 {seq} 条消息，前一条消息却是 {before}"),
    "entry_below_floor": ("lies below the floor, and nothing keeps it", "已过保留期限，没有理由保留"),
    "entry_kind": ("is of an unknown kind", "类型未知"),
    "entry_cid": ("has a cid, which its kind has not", "带有 cid，这种记录不该有"),
    "message_row": ("has no cid, none of 22 characters or no digest", "没有 cid、cid 不是 22 个字符，或没有摘要"),
    "entry_not_message": (
        "is recalled, has reactions or stands in a section, and is no message",
        "已撤回、有回应或在板块里，却不是消息",
    ),
    "actor_absent": ("is by {user}, who was not in the group", "是 {user} 写的，但此人当时不在群里"),
    "entry_after_end": ("comes after the end of the group", "在群解散之后"),
    "first_entry": ("does not fit the group as its first entry", "作为第一条记录与群不符"),
    "joined_after_end": ("has people come in after the end of the group", "写着有人在群解散之后进群"),
    "names_wrong": ("names nobody, or somebody twice", "没有写是谁，或同一个人写了两次"),
    "member_count_told": ("says that {told} are in, it is {should}", "写着群里有 {told} 人，应为 {should} 人"),
    "joined_no_way": ("has {user} come in by no way there is", "写着 {user} 进群的方式并不存在"),
    "inviter_never_in": (
        "has people brought by {user}, who was never in the group",
        "写着有人由 {user} 带进群，但此人从没进过群",
    ),
    "inviter_absent": (
        "has people brought by {user}, who was not in the group",
        "写着有人由 {user} 带进群，但此人当时不在群里",
    ),
    "role_no_right": ("sets the role of {user} without the right to", "越权设置 {user} 的角色"),
    "settings_no_right": ("changes settings without the right to", "越权修改群设置"),
    "transfer_no_right": ("gives the group to {user} without the right to", "越权把群转让给 {user}"),
    "announce_no_right": ("announces without the right to", "越权发布公告"),
    "announcement_number": ("is announcement {version}, and not the next one", "是第 {version} 版公告，版本没有接上"),
    "sections_no_right": ("changes sections without the right to", "越权修改板块"),
    "not_erased": ("says that {user} was erased, who was not", "写着 {user} 已被抹除，其实没有"),
    "erased_not_whole": (
        "says that {user} was erased, of whom messages are left",
        "写着 {user} 已被抹除，但此人还有消息留着",
    ),
    "dissolve_no_owner": ("ends the group by {user}, who did not own it", "由 {user} 解散了群，但此人不是群主"),
    "dissolve_time": ("says another time for its end than the group", "写的解散时间与群不符"),
    "moderate_no_right": ("moderates without the right to", "越权管理成员"),
    "nickname_wrong": (
        "calls nobody anything, or somebody who was not in the group",
        "改群昵称没有写是谁，或此人不在群里",
    ),
    "joined_twice": ("has {user} come in, who was in already", "写着 {user} 进群，但此人已在群里"),
    "joined_no_row": ("has {user} come in, and no membership says so", "写着 {user} 进群，但成员表里没有"),
    "left_absent": ("has {user} go, who was not in", "写着 {user} 离群，但此人不在群里"),
    "kick_no_right": (
        "has {user} put out by {by}, who has no right to",
        "写着 {user} 被 {by} 移出，但后者没有这个权限",
    ),
    "left_reason": (
        "has {user} go for a reason for which nobody goes there",
        "写着 {user} 离群，但这个群里没有人会因此离开",
    ),
    "left_no_row": ("has {user} go, and no membership says so", "写着 {user} 离群，但成员表里没有"),
    "recalled_content": ("is recalled and still holds content", "已撤回，内容却还在"),
    "no_content": ("holds no content", "没有内容"),
    "reactions_counted": ("counts reactions that are not those kept for it", "回应的计数与存下的回应不符"),
    "recalled_reactions": ("is recalled and still has reactions", "已撤回，却还有回应"),
    "target_no_message": ("refers to {target}, which is no message before it", "指向 {target}，那不是它之前的消息"),
    "target_unseen": ("refers to {target}, which its author did not see", "指向 {target}，但作者看不到那一条"),
    "edit_foreign": ("edits {target}, which somebody else wrote", "编辑了别人写的 {target}"),
    "recall_no_row": ("recalls {target}, whose row does not say so", "撤回了 {target}，但那一条没有标为已撤回"),
    "recall_no_right": ("recalls {target} without the right to", "越权撤回 {target}"),
    "card_target": (
        "tells of {target}, which shows no item, or says more than that",
        "通知 {target} 的卡片有变化，但那一条没有卡片，或写了多余的内容",
    ),
    "called_all": ("does not call everybody as its board says", "是否提到所有人，与群公告板不符"),
    "pin_above": ("pins above {target}, which was not pinned", "置顶在 {target} 之上，但那一条没有置顶"),
    "sections_changed": ("names a section twice, or loses one", "同一个板块写了两次，或漏了一个"),
    "section_not_open": ("stands in section {section}, which was not open", "在板块 {section} 里，但该板块没有开放"),
    "messages_differ": ("is not what its {kind} entries lead to", "与它的 {kind} 记录推出的结果不符"),
}
_OF_GROUPS: Final = {
    "direct_key": ("direct_key is no pair in order", "direct_key 不是按顺序的一对"),
    "direct_members": ("direct_key does not name the two who are in it", "direct_key 写的不是群里这两个人"),
    "read_only": ("read_only is {is}, mutual is {should}", "read_only 为 {is}，互相关注为 {should}"),
    "messages_differ_somewhere": (
        "{kind} entries do not lead to the messages as they are",
        "{kind} 记录推出的结果与现有消息不符",
    ),
    "reaction_no_entry": (
        "a reaction is kept for {target}, which is no entry",
        "存有对 {target} 的回应，但没有这条记录",
    ),
    "terms": ("is not listed under exactly the terms of its title", "搜索索引与群名不符"),
    "bans_counted": ("bans is {is}, there are {should}", "bans 为 {is}，实际有 {should}"),
    "banned_inside": ("{count} who are banned are in it", "有 {count} 个被封禁的人在群里"),
    "silenced_follower": (
        "{user} is silenced for not following its owner, and follows",
        "{user} 因没有关注群主而被禁言，其实关注了",
    ),
    "fans_not_named": ("is not named among those of {user} that mind who follows", "没有列在 {user} 的粉丝群里"),
    "gone_members": ("is gone, and somebody is in it", "已经清除，却还有人在里面"),
    "gone_words": ("is gone, and still says what it was", "已经清除，群资料却还在"),
    "gone_rows": ("is gone, and {count} rows of it are left", "已经清除，却还留着 {count} 行"),
    "restriction_missing": (
        "{user} is not restricted, the audit log says otherwise",
        "{user} 没有被禁言，与管理记录不符",
    ),
    "restriction_differs": (
        "{user} is restricted until {until}, the audit log says otherwise",
        "{user} 被禁言到 {until}，与管理记录不符",
    ),
    "announcement_differs": ("its announcement is not what its last entry about it says", "公告与最后一条公告记录不符"),
    "sections_differ": ("its sections are not what its last entry about them says", "板块与最后一条板块记录不符"),
    "setting_differs": ("{name} is not what its last entry about it says", "{name} 与最后一条有关的记录不符"),
    "fans_since": ("fans_since is not when its log says that it began", "fans_since 与群日志不符"),
    "owners": ("has {count} owners", "有 {count} 个群主"),
    "floor_order": (
        "is swept to {swept}, its floor is {floor} and its head {head}",
        "已清理到 {swept}，起点为 {floor}，末尾为 {head}，顺序不对",
    ),
    "member_no_entry": (
        "no entry says that {user} came in for period {period}",
        "没有记录说明 {user} 第 {period} 次进群",
    ),
    "member_over": (
        "period {period} of {user} is over exactly if its log says that it is not",
        "{user} 第 {period} 次在群里的时段是否结束，与群日志不符",
    ),
    "nickname_differs": ("{user} is not called what its log says", "{user} 的群昵称与群日志不符"),
    "member_floor": (
        "the floor of {user} in period {period} fits no entry",
        "{user} 第 {period} 次进群后可见的起点，没有记录与之对应",
    ),
    "member_floor_above": (
        "the floor of {user} in period {period} names messages that are above it",
        "{user} 第 {period} 次进群后可见的起点，算进了它之后的消息",
    ),
    "member_floor_rule": (
        "the floor of {user} in period {period} is not what the history rule gives",
        "{user} 第 {period} 次进群后可见的起点，与历史规则不符",
    ),
    "erased_no_entry": (
        "messages of {user} went with them, and no entry says so",
        "{user} 的消息已随人抹除，却没有记录说明",
    ),
    "pins_differ": ("its pins are not what its log leads to", "置顶与群日志不符"),
    "featured_differ": ("its featured posts are not what its log leads to", "精华与群日志不符"),
    "featured_counted": (
        "counts {is} featured posts, its log leads to {should}",
        "精华计数为 {is}，按群日志应为 {should}",
    ),
    "board_called_all": (
        "its board says that {target} calls everybody, which is no message",
        "群公告板写着 {target} 提到所有人，但那不是消息",
    ),
    "section_numbers": ("the numbers of its sections are not what its log leads to", "板块的编号与群日志不符"),
    "brought_otherwise": (
        "period {period} of {user} names another who brought them than the first",
        "{user} 第 {period} 次进群写的带人者与第一次不同",
    ),
    "brought_by_absent": (
        "{user} was brought by {by}, who was not in the group before",
        "{user} 由 {by} 带进群，但后者之前不在群里",
    ),
    "brought_other_invite": (
        "{user} names another invite of {by} than they came by",
        "{user} 写的 {by} 的来路邀请，与后者进群时用的不同",
    ),
    "invite_missing": ("invite {invite}, which brought somebody, is not there", "带人进群的邀请 {invite} 不存在"),
    "invite_uses": (
        "invite {invite} brought {people} and was used {uses} times",
        "邀请 {invite} 带来 {people} 人，只用过 {uses} 次",
    ),
    "state_differs": ("{name} is {is}, its log says {should}", "{name} 为 {is}，按群日志应为 {should}"),
}
_OF_USERS: Final = {
    "group_count": ("group_count is {is}, in {should} groups", "group_count 为 {is}，实际在 {should} 个群里"),
    "following_count": ("following_count is {is}, follows {should}", "following_count 为 {is}，实际关注 {should} 人"),
    "log_hole": ("entry {upos} of their log follows {before}", "个人日志第 {upos} 条的前一条是 {before}"),
    "log_membership": (
        "entry {upos} of their log ({kind}) fits no membership in {group} at {pos}",
        "个人日志第 {upos} 条（{kind}）与在群 {group} 第 {pos} 条的成员记录不符",
    ),
    "log_end": ("upos is {is}, their log ends at {should}", "upos 为 {is}，个人日志到 {should} 为止"),
    "log_groups": (
        "their log leaves them in {should} groups, they are in {is}",
        "按个人日志应在 {should} 个群里，实际在 {is} 个",
    ),
    "chat_differs": (
        "{group} does not stand in their list as their log says",
        "群 {group} 在会话列表里的样子与个人日志不符",
    ),
    "account_sub": ("has an account, and a sub that is not of our own", "有本站账号，sub 却不是本站的"),
    "bot_half": ("is a bot by their sub or by its row, and not by both", "sub 与机器人表只有一处说是机器人"),
    "bot_tokens": ("is a bot with other tokens than its row names", "机器人的令牌与它那一行写的不符"),
    "names_found": ("is found by other parts of a name than theirs", "名字索引与名字不符"),
    "handle_differs": ("the handle in their profile is not theirs", "资料里的号码不是此人的"),
}
_OTHERS: Final = {
    "revision": (
        "the tables are at revision {is}, this version expects {should}",
        "数据表版本是 {is}，本版本需要 {should}",
    ),
    "too_many": ("more than {most} problems: the check ended here", "问题超过 {most} 处，校验到此为止"),
    "file": ("file: {words}", "数据库文件：{words}"),
    "refers_to_nothing": (
        "{table}: row {row} refers to nothing in {parent}",
        "{table}：第 {row} 行在 {parent} 里没有对应",
    ),
    "no_group": ("{table}: {id} is no group", "{table}：群 {id} 不存在"),
    "contact_no_user": ("contacts: {id} ({column}) is no user", "contacts：用户 {id}（{column}）不存在"),
    "audit_no_actor": ("audit: {id} acted and is no user", "audit：操作者 {id} 不存在"),
    "no_user": ("{table}: {id} is no user", "{table}：用户 {id} 不存在"),
    "no_broadcast": ("broadcast_groups: {id} is no broadcast", "broadcast_groups：群发 {id} 不存在"),
    "broadcast_counted": (
        "broadcasts: {id} counts groups that are not those kept for it",
        "broadcasts：群发 {id} 的计数与存下的群不符",
    ),
    "mention_baseless": (
        "mentions: {user} is mentioned at {pos} of {group}, which does not name them",
        "mentions：写着群 {group} 第 {pos} 条提到 {user}，其实没有",
    ),
    "follows_self": ("follows: {user} follows themselves", "follows：{user} 关注了自己"),
    "blocks_self": ("blocks: {user} blocks themselves", "blocks：{user} 拉黑了自己"),
    "contact_words": (
        "contacts: {user} has answered a request whose words are still kept",
        "contacts：{user} 已答复的请求，附言却还留着",
    ),
    "read_too_far": (
        "reads: {user} has read {seq} of the messages of {group}, which has fewer or not them",
        "reads：{user} 已读群 {group} 的 {seq} 条消息，群里没有这么多，或此人不在群里",
    ),
    "pace_outside": (
        "paces: {user} wrote in {group}, where they never were",
        "paces：{user} 在群 {group} 发过言，但从没进过群",
    ),
    "kept_outside": (
        "{table}: {user} keeps something of {group}, which they were never in",
        "{table}：{user} 存有群 {group} 的内容，但从没进过群",
    ),
    "log_order": ("users: {user} has a log that ends before it begins", "users：{user} 的个人日志结束早于开始"),
    "invite_odd": (
        "invites: {invite} is of no group, no maker or for nobody",
        "invites：邀请 {invite} 没有群、没有创建者，或没有对象",
    ),
    "invite_overused": (
        "invites: {invite} was used {uses} times, {most} at most",
        "invites：邀请 {invite} 用了 {uses} 次，最多 {most} 次",
    ),
    "request_odd": (
        "join_requests: {user} asks for {group} in a way that nobody asks",
        "join_requests：{user} 对群 {group} 的入群申请不合规则",
    ),
    "requests_counted": (
        "join_queues: {group} counts other requests than wait",
        "join_queues：群 {group} 的申请计数与等待的申请不符",
    ),
    "card_no_message": (
        "card_places: {group} {pos} is no message that shows an item",
        "card_places：群 {group} 第 {pos} 条不是带卡片的消息",
    ),
    "card_no_row": (
        "card_places: {group} {pos} shows an item, and no row says so",
        "card_places：群 {group} 第 {pos} 条带有卡片，却没有登记",
    ),
    "card_unknown": (
        "card_places: {group} {pos} shows {item}, which the catalogue does not know, or not as shown",
        "card_places：群 {group} 第 {pos} 条展示的 {item} 不在目录里，或没有标为展示中",
    ),
    "card_told": (
        "card_places: {group} {pos} is told of exactly if no entry tells of it",
        "card_places：群 {group} 第 {pos} 条的卡片是否通知过，与记录不符",
    ),
    "card_change_unknown": (
        "card_changes: {item} of {kind} is to be told of, and is not in the catalogue",
        "card_changes：{kind} {item} 的变化等待通知，但它不在目录里",
    ),
    "item_row": ("catalogue: {kind} {item} is no whole row", "catalogue：{kind} {item} 一行不完整"),
    "item_line": (
        "catalogue: {kind} {item} is found by another line than its title gives",
        "catalogue：{kind} {item} 的搜索索引与标题不符",
    ),
    "item_hidden": (
        "catalogue: {kind} {item} is found by a title, and cannot be shared",
        "catalogue：{kind} {item} 不能分享，却还能按标题搜到",
    ),
    "ledger_kind": ("ledger: {line} is of an unknown kind", "ledger：第 {line} 行类型未知"),
    "ledger_recalled": (
        "ledger: {pos} of {group} was recalled, and is there",
        "ledger：群 {group} 第 {pos} 条已撤回，内容却还在",
    ),
    "ledger_gone": ("ledger: group {group} was gone, and is there", "ledger：群 {group} 已清除，却还在"),
    "ledger_cut": (
        "ledger: what {group} had up to {pos} went by age, and is there",
        "ledger：群 {group} 到第 {pos} 条为止已过期清理，却还在",
    ),
    "ledger_erased": ("ledger: {user} was erased, and is there", "ledger：{user} 已抹除，却还在"),
    "ledger_lacks": (
        "entries: {pos} of {group} is recalled, and the ledger does not know",
        "entries：群 {group} 第 {pos} 条已撤回，台账却没有记下",
    ),
    "direct_half": (
        "groups: {group} is direct exactly if it has no direct_key",
        "groups：群 {group} 是不是私聊，与有没有 direct_key 不符",
    ),
    "handles_counted": (
        "handles: {is} belong to somebody, {should} users have one",
        "handles：{is} 个号码有主人，有号码的用户却是 {should} 人",
    ),
    "audit_row": ("audit: {line} is no whole row", "audit：第 {line} 行不完整"),
    "command_row": ("commands: {cid} of {user} is no whole row", "commands：{user} 的 {cid} 一行不完整"),
    "command_twice": ("commands: {cid} of {user} is an entry's as well", "commands：{user} 的 {cid} 在群日志里也有"),
    "commit_names": (
        "commits: {n} names {noun} {id}, which is not there",
        "commits：第 {n} 次提交写着 {noun} {id}，但它不存在",
    ),
    "commits_end": (
        "commits: the last one is {is}, the writer counts {should}",
        "commits：最后一次是 {is}，写入方数到 {should}",
    ),
    "commit_hole": ("commits: {n} follows {before}", "commits：第 {n} 次的前一次是 {before}"),
}
PROBLEMS: Final[dict[str, tuple[str, str]]] = {
    **{
        code: (f"group {{group}}: entry {{pos}} {en}", f"群 {{group}} 第 {{pos}} 条：{zh}")
        for code, (en, zh) in _OF_ENTRIES.items()
    },
    **{code: (f"group {{group}}: {en}", f"群 {{group}}：{zh}") for code, (en, zh) in _OF_GROUPS.items()},
    **{code: (f"user {{user}}: {en}", f"用户 {{user}}：{zh}") for code, (en, zh) in _OF_USERS.items()},
    **_OTHERS,
}
"""(English, Chinese) by code. The first that fits counts."""


def _pattern(english: str) -> re.Pattern[str]:
    """What fits a sentence; a name that stands twice in it has to be the same there."""
    parts = re.split(r"\{(\w+)\}", english)
    return re.compile(
        "".join(f"(?P<{part}>.*?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)), re.DOTALL
    )


_FITTED: Final = tuple((code, _pattern(english)) for code, (english, _) in PROBLEMS.items())


def code_of(problem: str) -> tuple[str, dict[str, str]]:
    """The code of a problem and what its places hold. `other`, with all of its words, if it is not known here."""
    for code, pattern in _FITTED:
        if found := pattern.fullmatch(problem):
            return code, found.groupdict()
    return "other", {"words": problem}


def said_of(problem: str) -> str:
    """The problem in the person's language; in English where it is not known here."""
    code, values = code_of(problem)
    if lang_of(os.environ) != "zh" or code not in PROBLEMS:
        return problem
    return PROBLEMS[code][1].format(**values)
