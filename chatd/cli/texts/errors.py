"""Errors and closes, by their codes."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "not_connected": ("no connection: {why}", "连接不上：{why}"),
    "closed": ("closed by the server: {why} ({code})", "服务器断开了连接：{why}（{code}）"),
    "error": ("✗ {words} ({code})", "✗ {words}（{code}）"),
    "error_malformed": ("the server could not read that", "服务器看不懂这个请求"),
    "error_invalid": ("that is not valid: {message}", "内容不合规：{message}"),
    "error_unknown_op": ("this server cannot do that", "这个服务器不支持此操作"),
    "error_wrong_state": ("not now", "现在不能这样做"),
    "error_unauthenticated": ("the token was not accepted", "令牌未被接受"),
    "error_revoked": ("this token was revoked", "令牌已被吊销"),
    "error_disabled": ("this user is disabled here", "该用户已被停用"),
    "error_taken": ("somebody has that already", "已被占用"),
    "error_code_invalid": ("the code is wrong, used up or has expired", "验证码错误、已用完或已过期"),
    "error_too_soon": ("it was changed a short while ago", "刚改过，过一段时间才能再改"),
    "error_not_found": ("there is no such thing, or it is not for you to see", "不存在，或你无权看到"),
    "error_forbidden": ("you have no right to do that", "你没有这个权限"),
    "error_host_owns_follows": ("following is done in the app that this belongs to", "请到所属的应用里关注或取消关注"),
    "error_not_mutual": ("you must follow each other for that", "需要互相关注才可以"),
    "error_owner_must_stay": (
        "the owner cannot leave before /transfer or /dissolve",
        "群主不能直接退群：请先 /转让 或 /解散",
    ),
    "error_read_only": ("nothing can be written here", "这里不能发言"),
    "error_restricted": ("you may not write here for now", "你已被禁言"),
    "error_blocked": ("a word in it is not allowed here", "内容含有不允许的词"),
    "error_slow_mode": ("slow mode", "慢速模式"),
    "error_too_late": ("too late for that", "已超过时限"),
    "error_gone": ("that message was recalled", "那条消息已撤回"),
    "error_limit": ("a limit is reached: {message}", "已达上限：{message}"),
    "error_conflict": ("this was already used for something else", "这个编号已用于别的请求"),
    "error_out_of_order": ("the message before it was not accepted", "前一条消息没有发送成功"),
    "error_invite_invalid": (
        "this invite is not good, it may have expired or been used up",
        "邀请无效，可能已过期或已用完",
    ),
    "error_already_decided": ("another admin was faster", "已被其他管理员处理"),
    "error_no_item": (
        "there is no such item, or it cannot be shared now; /product and /video alone show what there is",
        "没有这个视频或商品，或现在不能分享；单独输入 /发商品 或 /发视频，可看到有哪些",
    ),
    "error_no_section": ("there is no such section", "没有这个板块"),
    "error_section_limit": (
        "the group has as many sections as it may have: close one first",
        "板块数量已达上限，请先关闭一个",
    ),
    "error_scope_missing": ("this bot was not given the right to do that", "这个机器人没有此项权限"),
    "error_not_for_bots": ("bots cannot do that", "机器人不能这样做"),
    "error_bots_only": ("only bots can do that", "只有机器人可以这样做"),
    "error_no_button": ("there is no such button, or its bot is gone", "没有这个按钮，或机器人已离开"),
    "error_rate_limited": ("too fast, try again a little later", "太快了，请稍后再试"),
    "error_overloaded": ("the server is too busy, try again a little later", "服务器太忙，请稍后再试"),
    "error_unavailable": ("the server cannot store or read anything now", "服务器暂时无法读写"),
    "error_storage_full": ("the server's disk is nearly full", "服务器磁盘快满了"),
    "error_internal": ("the server failed", "服务器出错了"),
    "error_no_server": (
        (
            "no server answers at {message}. Is it running, as this user? If it runs with other settings or in another"
            " folder: --config FILE, or there; [server] admin_socket names another place"
        ),
        (
            "没有服务器应答：{message}。它在运行吗，用户对吗？如果它用的是别的设置或在别的目录："
            "用 --config 指定设置文件，或到那个目录执行；[server] admin_socket 可以另指位置"
        ),
    ),
    "error_other": ("refused: {message}", "被拒绝：{message}"),
    "close_going_away": ("the server is stopping", "服务器正在停止"),
    "close_abnormal": ("the network broke, or the server stopped suddenly", "网络断了，或服务器突然停止"),
    "close_internal": ("the server failed", "服务器出错了"),
    "close_restart": ("the server is restarting", "服务器正在重启"),
    "close_stalled": ("this side took too long to read", "本端接收太慢"),
    "close_dead_peer": ("this side did not answer", "本端没有应答"),
    "close_slow_frame": ("a message took too long to arrive", "消息传输超时"),
    "close_scopes_changed": ("what this bot may do was changed", "机器人的权限有变化"),
    "close_hello_timeout": ("the login took too long", "登录超时"),
    "close_too_many_connections": ("there are too many connections of yours", "你的连接数过多"),
    "close_flood": ("too many requests", "请求过多"),
    "close_unavailable": ("the server cannot read or write now", "服务器暂时无法读写"),
    "lost_silence": ("nothing was heard for too long", "长时间没有收到数据"),
    "lost_no_answer": ("there was no answer", "没有应答"),
    "lost_not_understood": ("what came could not be read", "收到的内容无法识别"),
    "lost_connection_lost": ("the network broke, or the server stopped suddenly", "网络断了，或服务器突然停止"),
    "lost_ConnectionRefusedError": ("no server is running there", "服务器没有应答，可能没在运行"),
    "lost_TimeoutError": ("there was no answer in time", "连接超时"),
    "lost_gaierror": ("there is no such host", "找不到该主机"),
    "lost_ConnectionResetError": ("the network broke, or the server stopped suddenly", "网络断了，或服务器突然停止"),
    "lost_busy": ("it is starting, or too busy", "服务器正在启动或太忙"),
    "lost_http": ("something else answered: {reason}", "对方答复：{reason}"),
    "lost_certificate": (
        (
            "its certificate is signed by nobody whom this machine trusts ({reason}). If that is you or your own"
            " authority, name the file of its certificate in SSL_CERT_FILE"
        ),
        (
            "对方证书的签发者不受本机信任（{reason}）。如果那是你自己或你自己的机构，"
            "请用环境变量 SSL_CERT_FILE 指定它的证书文件"
        ),
    ),
    "lost_certificate_name": (
        "its certificate is not for the name in the address: use one that it is for, or have it made anew",
        "对方的证书不是给这个地址用的：请改用证书里的名字，或重新签发证书",
    ),
    "lost_certificate_expired": (
        "its certificate has run out: it must be renewed (or is the clock of this machine wrong?)",
        "对方的证书已过期：需要续期（或者是本机时钟不对？）",
    ),
    "lost_InvalidMessage": (
        "what answers there does not speak WebSocket; if it speaks TLS, the address begins with wss://",
        "那里应答的不是 WebSocket；如果它用 TLS，地址应以 wss:// 开头",
    ),
    "lost_SSLError": (
        "what answers there does not speak TLS; then the address begins with ws://",
        "那里应答的不是 TLS；不用 TLS 时，地址以 ws:// 开头",
    ),
    "lost_token": ("the token could not be read", "无法读取令牌"),
    "lost_other": ("it cannot be reached ({reason})", "无法连接（{reason}）"),
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
    "close_disabled": ("this user is disabled here", "该用户已被停用"),
    "close_other": ("it does not want this client back", "对方不希望本程序再连接"),
}
