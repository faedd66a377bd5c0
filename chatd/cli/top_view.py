"""How `chatd top` looks: 80 cells by 24 lines of plain text, from the figures of one interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.cli.language import Lang, cells, choose

WIDTH: Final = 80
SORTS: Final = ("entries_per_s", "members", "live")
_FIXED: Final = 16
"""Lines above the first group, and the line of keys below the last."""
_SORT_NAMES: Final = {
    "entries_per_s": "entries a second. 每秒条数。",
    "members": "members. 人数。",
    "live": "connected. 在线。",
}


def draw(
    figures: Mapping[str, Any],
    lang: Lang,
    sort: str = SORTS[0],
    paused: bool = False,
    height: int = 24,
    *,
    keys: bool = True,
) -> str:
    """The whole picture; without `keys` what no key changes, and no longer than it has lines."""

    def say(text: str) -> str:
        return choose(text, lang).rstrip(".。")

    lines = [
        _ends(f"chatd top  {figures['url']}", say("PAUSED. 已暂停。") if paused else f"{figures['interval_s']:.1f} s"),
        "",
        _row(
            (say("Connections. 连接。"), f"{figures['sessions']:,}"),
            (say("people + bots. 用户 + 机器人。"), f"{figures['people']:,} + {figures['bots']:,}"),
            (say("their groups. 所在群。"), f"{figures['groups']:,}"),
        ),
        _row(
            (say("behind. 落后。"), f"{figures['sessions_behind']:,}"),
            (say("slow readers. 慢读者。"), f"{figures['sessions_slow']:,}"),
            (say("unsent. 待发。"), size(figures["unsent_bytes"])),
        ),
        _row(
            (say("Commands/s. 命令/秒。"), _number(figures["commands_per_s"])),
            (say("entries/s. 条目/秒。"), _number(figures["entries_per_s"])),
            (say("deliveries/s. 投递/秒。"), _number(figures["deliveries_per_s"])),
        ),
        _row(
            (say("Batches/s. 批/秒。"), _number(figures["batches_per_s"])),
            (say("per batch. 每批。"), _number(figures["commands_per_batch"])),
            (say("ms per batch. 每批毫秒。"), f"{figures['ms_per_batch']:.2f}"),
        ),
        _row(
            (say("Waiting. 排队。"), f"{figures['proposals_waiting']:,}"),
            (say("unsaved reads. 未存已读。"), f"{figures['reads_unsaved']:,}"),
            (say("writer restarts. 写入重启。"), f"{figures['writer_restarts']:,}"),
        ),
        _search(figures, say),
        "",
        f"{_fill(say('Process. 进程。'), 12)}{'PID':>9}{'CPU %':>9}{_left(say('Memory. 内存。'), 12)}",
        *_processes(figures),
        _jobs(figures, say),
        "",
        _group_line(
            say("Busiest groups. 最忙的群。"),
            say("members. 人数。"),
            say("connected. 在线。"),
            say("entries/s. 条目/秒。"),
        ),
    ]
    groups = sorted(figures["groups_busy"], key=lambda group: -group[sort])[: max(height - len(lines) - 1, 0)]
    lines += [
        _group_line(
            group["title"] or group["group"],
            f"{group['members']:,}",
            f"{group['live']:,}",
            _number(group["entries_per_s"]),
        )
        for group in groups
    ]
    if not keys:
        return "\n".join(lines)
    lines += [""] * (height - 1 - len(lines))
    by = say(_SORT_NAMES[sort])
    told = say("q quit · p pause · s sort (by {by}). q 退出 · p 暂停 · s 排序（按{by}）。")
    return "\n".join([*lines[: height - 1], told.format(by=by)])


def _search(figures: Mapping[str, Any], say: Any) -> str:
    if "search_lag_ms" not in figures:
        return str(say("Search is off. 搜索已关闭。"))
    if figures["search_rebuilding"]:
        return str(say("The search index is being made anew. 正在重建搜索索引。"))
    return _row(
        (say("Search lag. 搜索延迟。"), f"{figures['search_lag_ms']:,} ms"),
        (say("commits. 提交。"), f"{figures['search_lag_commits']:,}"),
        (say("searches/s. 搜索/秒。"), _number(figures.get("searches_per_s", 0.0))),
    )


def _processes(figures: Mapping[str, Any]) -> list[str]:
    return [
        f"{name:<12}{one['pid']:>9}{_or_dash(one['cpu_percent'], '{:.1f}'):>9}"
        f"{size(one['memory_bytes']) if one['memory_bytes'] is not None else '-':>12}"
        for name, one in figures["processes"].items()
    ]


def _jobs(figures: Mapping[str, Any], say: Any) -> str:
    failing = [f"{name} ({count})" for name, count in figures["jobs"].items() if count]
    if not failing:
        return str(
            say("Jobs: {count}, none has failed. 后台任务 {count} 个，没有失败。").format(count=len(figures["jobs"]))
        )
    text = say("Jobs that have failed: {names}. 失败过的后台任务：{names}。").format(names=", ".join(failing))
    return cut(text, WIDTH)


def _group_line(title: str, members: str, live: str, rate: str) -> str:
    return _fill(cut(title, 38), 40) + _left(members, 12) + _left(live, 13) + _left(rate, 15)


def _row(*pairs: tuple[str, str]) -> str:
    return "  ".join(_ends(name, value, 25) for name, value in pairs)


def _ends(left: str, right: str, width: int = WIDTH) -> str:
    return (
        cut(left, width - cells(right) - 1)
        + " " * max(width - cells(cut(left, width - cells(right) - 1)) - cells(right), 1)
        + right
    )


def _fill(text: str, width: int) -> str:
    return text + " " * max(width - cells(text), 0)


def _left(text: str, width: int) -> str:
    return " " * max(width - cells(text), 0) + text


def cut(text: str, width: int) -> str:
    """At most so many cells; a control character, which somebody may have put into a title, is a box."""
    safe = "".join(char if char.isprintable() else "\ufffd" for char in text)
    if cells(safe) <= width:
        return safe
    while cells(safe) > width - 1:
        safe = safe[:-1]
    return safe + "…"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def size(count: int) -> str:
    """Bytes for people."""
    for unit, bound in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if count >= bound:
            return f"{count / bound:.1f} {unit}"
    return f"{count} B"
