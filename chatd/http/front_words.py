"""The words of the page at `/`, in each language. No HTML here."""

from __future__ import annotations

from typing import Final, NamedTuple


class FrontWords(NamedTuple):
    """The texts of the page. Those named as a figure are what the figure counts; `name` is of somebody to try with."""

    lang: str
    name: str
    intro: str
    ready: str
    not_ready: str
    starting: str
    stopping: str
    full: str
    lost: str
    since: str
    days: str
    figures: str
    people: str
    bots: str
    sessions: str
    groups: str
    commits: str
    deliveries: str
    pace: str
    doors: str
    copy: str
    copied: str
    license: str

    def state(self, ready: bool | str) -> str:
        """How it is, by what `ready` of `/live` says."""
        reasons = {
            "stopping": self.stopping,
            "the writer is starting": self.starting,
            "the disk is full: nothing is written": self.full,
        }
        return self.ready if ready is True else reasons.get(str(ready), self.not_ready)


FRONT_WORDS: Final = {
    "en": FrontWords(
        lang="en",
        name="Ann",
        intro="A group-chat server is running here.",
        ready="Running",
        not_ready="Not ready",
        starting="Not ready (the writer is starting)",
        stopping="Not ready (stopping)",
        full="Read only (the disk is full)",
        lost="No answer",
        since="up for",
        days="d",
        figures="At this moment",
        people="people connected",
        bots="bots connected",
        sessions="connections",
        groups="groups with somebody in them",
        commits="commits since the database was made",
        deliveries="deliveries since the start",
        pace="deliveries per second, over the last two minutes",
        doors="How to come in",
        copy="Copy",
        copied="Copied",
        license="Open source, Apache License 2.0",
    ),
    "zh": FrontWords(
        lang="zh-CN",
        name="小安",
        intro="这里运行着一台群聊服务器。",
        ready="运行中",
        not_ready="未就绪",
        starting="未就绪（写入进程正在启动）",
        stopping="未就绪（正在停止）",
        full="只能读，不能写（磁盘已满）",
        lost="无响应",
        since="已运行",
        days="天",
        figures="此刻",
        people="人在线",
        bots="个机器人在线",
        sessions="个连接",
        groups="个群有人在线",
        commits="次提交（自建库以来）",
        deliveries="次投递（自启动以来）",
        pace="每秒投递数（最近两分钟）",
        doors="怎么进来",
        copy="复制",
        copied="已复制",
        license="开源软件，Apache License 2.0",
    ),
}
