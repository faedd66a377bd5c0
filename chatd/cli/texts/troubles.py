"""What can go wrong with files, disks, databases and ports, whatever the command: (English, Chinese) by key."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "start": ("cannot start: {why}", "无法启动：{why}"),
    "held": (
        "{database} is in use by another chatd: stop that one first",
        "{database} 正被另一个 chatd 使用：请先停止它",
    ),
    "store": ("the database cannot be used: {reason}", "数据库无法使用：{reason}"),
    "no_sqlite": (
        "{file} is no SQLite database, or a damaged one: mend [store] url, or bring a backup back (chatd restore)",
        "{file} 不是 SQLite 数据库，或已损坏：请改正 [store] url，或恢复备份（chatd restore）",
    ),
    "disk_full": ("the disk is full", "磁盘已满"),
    "contended": (
        "another program keeps writing to the database; try again later",
        "另一个程序一直在写数据库，请稍后再试",
    ),
    "file": ("{file}: {reason}", "{file}：{reason}"),
    "port": (
        "port {port} on {host} is taken: stop what listens there, or choose another ([server] port, --port)",
        "{host} 的端口 {port} 已被占用：请停止占用它的程序，或换一个端口（[server] port、--port）",
    ),
    "port_low": (
        "this user may not listen on port {port}: choose one from 1024 on ([server] port, --port)",
        "当前用户无权监听端口 {port}：请选 1024 以上的端口（[server] port、--port）",
    ),
    "host": (
        "{host} is no address of this machine ([server] host, --host)",
        "{host} 不是本机的地址（[server] host、--host）",
    ),
    "tls": (
        (
            "[server] tls_cert or tls_key holds no certificate and key in PEM form, or the key has a passphrase"
            " (chatd doctor says which)"
        ),
        ("[server] tls_cert 或 tls_key 里没有 PEM 格式的证书、私钥，或私钥设了口令（chatd doctor 会指出是哪个）"),
    ),
    "tls_pair": (
        "[server] tls_key is the key of another certificate than tls_cert: they must belong together",
        "[server] tls_key 是另一份证书的私钥，与 tls_cert 不配：两者要成对",
    ),
    "newer_tables": (
        "the tables are at revision {found}, this version of chatd knows up to {expected}: use the newer chatd",
        "数据表版本是 {found}，本版本 chatd 只认识到 {expected}：请使用更新的 chatd",
    ),
    "no_pem": (
        "{file} holds no public key in PEM form ([auth] jwt_public_key_file)",
        "{file} 里没有 PEM 格式的公钥（[auth] jwt_public_key_file）",
    ),
    "no_secret": (
        "{file} holds no secret of at least {least} characters; remove it to get a new one",
        "{file} 里没有不少于 {least} 个字符的密钥；删除该文件后会生成新的",
    ),
    "missing_secret": (
        (
            "there is no secret to sign with: none in [auth] jwt_secret, and no file {file}. The first chatd serve"
            " makes it. If the server runs in another folder or with other settings, do this there, or name them with"
            " --config; if its secret comes from the environment (secrets.env), read that in first"
        ),
        (
            "没有可用来签发的密钥：[auth] jwt_secret 没有设置，也没有文件 {file}。首次 chatd serve 会生成它。"
            "如果服务器在别的目录或用别的设置，请到那里执行，或用 --config 指定；"
            "如果密钥在环境变量里（secrets.env），请先读入"
        ),
    ),
    # -- what a system says of a file, by its number
    "EACCES": ("permission denied", "没有权限"),
    "EPERM": ("not permitted", "不允许"),
    "ENOENT": ("no such file or folder", "没有这个文件或文件夹"),
    "EEXIST": ("exists already", "已经存在"),
    "EISDIR": ("is a folder", "是一个文件夹"),
    "ENOTDIR": ("is no folder", "不是文件夹"),
    "EROFS": ("the file system is read-only", "文件系统是只读的"),
    "ENOSPC": ("the disk is full", "磁盘已满"),
    "EDQUOT": ("the quota of the disk is used up", "磁盘配额已用完"),
    "EMFILE": ("too many open files (ulimit -n)", "打开的文件太多（ulimit -n）"),
    "EIO": ("the disk reports an error", "磁盘读写出错"),
    "ENAMETOOLONG": ("the name is too long", "名字太长"),
}
