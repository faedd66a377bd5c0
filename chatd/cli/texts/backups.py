"""What `chatd backup` and `chatd restore` say, and what can be wrong with a backup: (English, Chinese) by key."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    # -- what was done
    "backup_done": (
        "{file}: {size}, {entries:,} entries, {users:,} people, {groups:,} groups, as of {at}, in {seconds:.1f} s",
        "{file}：{size}，{entries:,} 条记录、{users:,} 人、{groups:,} 个群，截至 {at}，用时 {seconds:.1f} 秒",
    ),
    "backup_whole": ("verified: whole", "校验通过：完好"),
    "backup_problems": (
        "! the backup was made, and what is in it has {count} problems:",
        "! 备份已做好，但其中的数据有 {count} 处问题：",
    ),
    "backup_secret": (
        "Keep it as you keep the database: it holds everything that was written, and the server's key.",
        "请像保管数据库一样保管它：里面有全部聊天内容和服务器密钥。",
    ),
    "ledger_done": ("{file}: {count} lines added", "{file}：新增 {count} 行"),
    "restore_done": (
        (
            "{place}: as it was at {at} ({entries:,} entries, {users:,} people, {groups:,} groups), verified,"
            " in {seconds:.1f} s"
        ),
        (
            "{place}：已恢复到 {at} 的状态（{entries:,} 条记录、{users:,} 人、{groups:,} 个群），校验通过，"
            "用时 {seconds:.1f} 秒"
        ),
    ),
    "restore_dry": (
        "could be restored as of {at} ({entries:,} entries, {users:,} people, {groups:,} groups); nothing was changed",
        "可以恢复到 {at} 的状态（{entries:,} 条记录、{users:,} 人、{groups:,} 个群）；这次什么都没有改动",
    ),
    "restore_again": ("gone again since then: {again}", "此后已删除的内容再次删除：{again}"),
    "restore_nothing_again": (
        "nothing had been recalled or erased since then, as far as the ledger knows",
        "据删除台账，此后没有撤回或抹除过任何内容",
    ),
    "restore_no_ledger": (
        "! without a ledger what was recalled or erased since then is back; --ledger FILE prevents it",
        "! 没有删除台账，此后撤回或抹除的内容又回来了；用 --ledger 指定台账文件可以避免",
    ),
    "restore_old_unread": (
        "! the ledger of the database that was there could not be read",
        "! 原来数据库里的台账读不出来",
    ),
    "restore_ledger_old": (
        (
            "! the ledger ends at {at} and lacks lines that are known here: it was cut short, or not kept up to date."
            " What nothing else knew of is back"
        ),
        "! 台账到 {at} 为止，缺少这里已知的记录：文件不完整，或没有及时更新。别处也没有记下的内容又回来了",
    ),
    "restore_ledger_ends": (
        "the ledger ends at {at}; what was recalled or erased after its last line it cannot know",
        "台账到 {at} 为止；最后一行之后撤回或抹除的内容，它不知道",
    ),
    "restore_ledger_empty": (
        "the ledger has no line yet; what was recalled or erased without it, it cannot know",
        "台账里还没有一行：没有记进去的撤回和抹除，它不知道",
    ),
    "ledger_empty": ("no line at all", "一行也没有"),
    "restore_folder": ("made the folder {folder}", "已创建文件夹 {folder}"),
    "restore_kept": ("the database that was there is now {kept}", "原来的数据库现在是 {kept}"),
    "restore_new_life": (
        "Clients start anew from here. What was changed since then (bans, rights, passwords, edits) is as it was then.",
        "客户端会从这里重新开始。此后的其他改动（封禁、权限、密码、编辑）都恢复为当时的样子。",
    ),
    "restore_secret": (
        "There is no {file} here: copy it from where the server was, or tokens issued there are not accepted here.",
        "这里没有 {file}：请从原来的服务器复制过来，否则那里签发的令牌在这里不被接受。",
    ),
    "again_recall": ("{count} recalled messages", "撤回的消息 {count} 条"),
    "again_erase": ("{count} erased people", "抹除的用户 {count} 人"),
    "again_gone": ("{count} dissolved groups", "解散的群 {count} 个"),
    "again_floor": ("{count} groups' old entries", "{count} 个群的过期记录"),
    # -- steps of long work
    "step_write": ("writing", "写入"),
    "step_check": ("verifying", "校验"),
    "step_copy": ("copying", "复制"),
    "step_replay": ("what has gone since goes again", "再次删除"),
    "step_verify": ("verifying", "校验"),
    "step_verify_file": ("verifying the file", "校验文件"),
    "step_verify_groups": ("replaying the groups", "重放各群记录"),
    "step_place": ("putting it in place", "就位"),
    "step_load": ("loading", "载入"),
    # -- what can be wrong
    "one_ledger": ("--ledger, --no-ledger: one of them", "--ledger 和 --no-ledger 只能用一个"),
    "trouble_exists": ("{file} is there already and is not overwritten", "{file} 已经存在，不会覆盖"),
    "trouble_no_folder": ("there is no folder {folder}", "没有文件夹 {folder}"),
    "trouble_ledger_folder": (
        "[backup] ledger: there is no folder {folder}; make it",
        "[backup] ledger：没有文件夹 {folder}，请先新建",
    ),
    "trouble_no_access": ("{file}: {reason}", "{file}：{reason}"),
    "trouble_busy": ("{file}: another backup is being written there", "{file}：另一个备份正在写入"),
    "trouble_no_room": (
        "not enough room in {folder}: {needed} are needed, {free} are free",
        "{folder} 空间不足：需要 {needed}，只剩 {free}",
    ),
    "trouble_disk_full": ("the disk is full", "磁盘已满"),
    "trouble_wal": (
        "the log of the database grew to {grown} meanwhile, beyond [backup] wal_max_mb ({most}): try at a quieter time",
        "备份期间数据库日志增长到 {grown}，超过 [backup] wal_max_mb（{most}）：请在较空闲时备份",
    ),
    "trouble_no_database": ("there is no database at {file}", "{file} 处没有数据库"),
    "trouble_no_tables": ("there is nothing in the database to back up", "数据库里没有可备份的内容"),
    "trouble_unreadable": ("{file} cannot be read: {reason}", "{file} 读不出来：{reason}"),
    "trouble_other_tables": (
        "the tables are at revision {found}, and this version of chatd has {expected}: run `chatd migrate` first",
        "数据表版本是 {found}，本版本 chatd 是 {expected}：请先运行 `chatd migrate`",
    ),
    "trouble_lost": ("the database was lost on the way ({reason})", "中途与数据库失去连接（{reason}）"),
    "trouble_a_folder": (
        "{folder} is a folder: name one of the backups in it, the newest is {newest}",
        "{folder} 是文件夹：请指定其中一个备份，最新的是 {newest}",
    ),
    "trouble_no_file": ("there is no file {file}", "没有文件 {file}"),
    "trouble_no_backup": (
        "{file} is no backup of chatd; backups are made by `chatd backup`",
        "{file} 不是 chatd 的备份；备份由 `chatd backup` 生成",
    ),
    "trouble_newer": (
        "{file} was made by a newer version of chatd ({version}): restore it with that one",
        "{file} 由更新版本的 chatd（{version}）生成：请用那个版本恢复",
    ),
    "trouble_damaged": (
        "{file} is damaged: it is not what was written when the backup was made. Take another one",
        "{file} 已损坏：与备份时写入的内容不一致，请换一个备份",
    ),
    "trouble_ledger": (
        (
            "{file}, line {line}: this is no line of a ledger; nothing was changed. If [backup] ledger or --ledger"
            " names the right file, it is damaged: move it away, and the server or `chatd backup --ledger-only` writes"
            " a new one with all that the database knows"
        ),
        (
            "{file} 第 {line} 行不是台账的内容；什么都没有改动。如果 [backup] ledger 或 --ledger 没有选错，就是文件"
            "已损坏：请移走它，服务器或 `chatd backup --ledger-only` 会按数据库重新写一份"
        ),
    ),
    "trouble_missing_ledger": (
        "there is no ledger at {file}: name it with --ledger, or say --no-ledger, and what was erased since comes back",
        "{file} 处没有台账：请用 --ledger 指定，或用 --no-ledger 表示不用（此后抹除的内容会回来）",
    ),
    "trouble_not_empty": (
        "{place} holds a database with people in it: say --force to replace it",
        "{place} 里已有数据库和用户：如要替换，请加 --force",
    ),
    "trouble_in_use": ("{place} is being read by another program", "{place} 正被另一个程序读取"),
    "trouble_stuck": (
        "what has gone since could not be made to go again ({kind}, {rows}); nothing was changed",
        "此后已删除的内容未能再次删除（{kind}，{rows}）；什么都没有改动",
    ),
    "trouble_not_whole": (
        "the backup is not whole ({count} problems), nothing was changed: {problems}",
        "备份中的数据不完好（{count} 处问题），什么都没有改动：{problems}",
    ),
}
