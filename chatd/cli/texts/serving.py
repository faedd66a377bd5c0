"""What `chatd serve` says to people on a terminal: lines of its log, and how to come in."""

from __future__ import annotations

from typing import Final

LEVELS: Final = {"debug": "细节", "info": "", "warning": "警告", "error": "错误", "critical": "错误"}
"""What stands in front of a line in Chinese; English has the word itself. Nothing in front of what is only told."""

EVENTS: Final[dict[str, str]] = {
    "serving": "已启动",
    "stopped": "已停止",
    "nothing is written: the disk is below its floor": "停止写入：磁盘剩余空间低于下限",
    "waiting for another chatd that has the database": "数据库被另一个 chatd 占用，等待它让出",
    "secret made": "已生成密钥",
    "secret made: tokens signed with another are not accepted": "已生成新密钥：用别的密钥签发的令牌不被接受",
    "store made": "数据库已建好",
    "store migrated": "数据库表结构已升级",
    "cannot go on": "无法继续",
    "a request failed": "一个请求处理失败",
    "job failed": "后台任务失败",
    "retention": "已按保留期限清理",
    "fan-out failed": "消息分发失败",
    "the index cannot be followed": "搜索索引无法跟进",
    "the program that follows the log ended": "建索引的程序退出了",
    "the index is broken and is made anew": "搜索索引损坏，正在重建",
    "keys could not be fetched": "公钥获取失败",
    "keys fetched": "公钥已获取",
    "a code was not delivered": "一个验证码没有送达",
    "a commit could not be published: %s\n%s": "一次提交无法发布：%s\n%s",
    "a connection failed its visit with %s and is dropped\n%s": "一个连接在巡检时出错（%s），已断开\n%s",
    "a session failed with %s\n%s": "一个会话出错（%s）\n%s",
    "a session could not read on": "一个会话无法继续读取",
    "the writer ended with status %s; starting another": "写进程退出（状态 %s），正在重新启动",
    "the writer did not start, or the store cannot be read": "写进程没有启动，或数据库无法读取",
    "a proposal of type %s ends the writer: refused": "一个 %s 请求会使写进程退出，已拒绝",
}
"""The Chinese of what the log says, by what the code says; what is missing here is shown as it is."""

FIELDS: Final = {
    "store": "数据",
    "file": "文件",
    "free_mb": "剩余（MB）",
    "floor_mb": "下限（MB）",
    "at_most_s": "最多等几秒",
    "error": "错误",
    "where": "位置",
    "status": "状态",
    "why": "原因",
    "reason": "原因",
    "job": "任务",
    "keys": "公钥",
    "before": "原版本",
    "after": "新版本",
    "looked": "查看的群",
    "groups": "清理的群",
    "gone": "清理的记录",
}
"""The Chinese of what stands behind such a line."""

TEXTS: Final = {
    "head": ("chatd {version} is running. Ctrl-C stops it.", "chatd {version} 已启动，按 Ctrl-C 停止。"),
    "page": ("its page, for a browser", "首页，用浏览器打开"),
    "clients": ("its address, for clients", "客户端连接地址"),
    "kept": ("everything is kept in", "数据保存在"),
    "come_in": ("Come in from another terminal, in this folder:", "在另一个终端、同一目录下进来聊天："),
    "by_app": (
        "People come in with tokens that your app signs ({algorithm}).",
        "用户凭你的应用签发的令牌（{algorithm}）进入。",
    ),
    "by_account": (
        'People sign up and log in over HTTP: [accounts] signup = "{signup}".',
        '用户通过 HTTP 注册、登录：[accounts] signup = "{signup}"。',
    ),
    "next": ("Then:", "然后："),
    "next_top": ("what it is doing, live", "实时查看它在做什么"),
    "next_doctor": ("what is missing or wrong", "检查有没有缺什么、错什么"),
    "next_help": ("everything else", "其余命令"),
    "stopped": ("stopped; everything is kept in {store}", "已停止，数据保存在 {store}"),
}
"""How to come in: (English, Chinese) by key."""
