"""Errors and closes, by their codes."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "closed": ("closed by the server: {why} ({code} {reason})", "服务器断开了连接：{why}（{code} {reason}）"),
    "error": ("✗ {words} ({code})", "✗ {words}（{code}）"),
    "error_malformed": ("the server could not read that", "服务器看不懂这个请求"),
    "error_invalid": ("that is not valid: {message}", "内容不合规：{message}"),
    "error_unknown_op": ("this server cannot do that", "这个服务器不支持此操作"),
    "error_wrong_state": ("not now", "现在不能这样做"),
    "error_unauthenticated": ("the token was not accepted", "令牌未被接受"),
    "error_revoked": ("this token was revoked", "令牌已被吊销"),
    "error_not_found": ("there is no such thing, or it is not for you to see", "不存在，或你无权看到"),
    "error_forbidden": ("you have no right to do that", "你没有这个权限"),
    "error_not_mutual": ("you must follow each other for that", "需要互相关注才可以"),
    "error_owner_must_stay": ("the owner cannot leave", "群主不能退群"),
    "error_read_only": ("nothing can be written here", "这里不能发言"),
    "error_restricted": ("you may not write here for now", "你已被禁言"),
    "error_slow_mode": ("slow mode", "慢速模式"),
    "error_too_late": ("too late for that", "已超过时限"),
    "error_gone": ("that message was recalled", "那条消息已撤回"),
    "error_limit": ("a limit is reached: {message}", "已达上限：{message}"),
    "error_conflict": ("this was already used for something else", "这个编号已用于别的请求"),
    "error_out_of_order": ("the message before it was not accepted", "前一条消息没有发送成功"),
    "error_rate_limited": ("too fast, try again a little later", "太快了，请稍后再试"),
    "error_overloaded": ("the server is too busy, try again a little later", "服务器太忙，请稍后再试"),
    "error_unavailable": ("the server cannot store or read anything now", "服务器暂时无法读写"),
    "error_storage_full": ("the server's disk is nearly full", "服务器磁盘快满了"),
    "error_internal": ("the server failed", "服务器出错了"),
    "error_other": ("refused: {message}", "被拒绝：{message}"),
    "close_normal": ("it said goodbye", "对方正常断开"),
    "close_protocol_error": (
        "it is not a chatd server, or speaks another version",
        "对方不是 chatd 服务器，或版本不同",
    ),
    "close_unsupported_data": ("it expected another encoding", "对方要求另一种编码"),
    "close_invalid_data": ("it could not read what was sent", "对方看不懂发送的内容"),
    "close_policy": ("too many fragments", "分片过多"),
    "close_too_big": ("the message was too big", "消息太大"),
    "close_malformed": ("it could not read what was sent", "对方看不懂发送的内容"),
    "close_unauthenticated": ("the token was not accepted", "令牌未被接受"),
    "close_revoked": ("this token was revoked", "令牌已被吊销"),
    "close_token_expired": ("the token has run out", "令牌已过期"),
    "close_replaced": ("the same device connected from somewhere else", "同一设备已在别处登录"),
    "close_other": ("it does not want this client back", "对方不希望本程序再连接"),
}
