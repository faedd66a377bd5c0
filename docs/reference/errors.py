"""Every error and every close code, as `chatd_protocol.errors` has them."""

from __future__ import annotations

from collections.abc import Iterator

from chatd_protocol.errors import CLOSES, ERRORS
from docs.reference import Words, said_by, table


def lines(words: Words) -> Iterator[str]:
    yes = words.pick("yes", "是")
    yield words.pick("# Errors and close codes", "# 错误码和关闭码")
    yield ""
    yield said_by(words, "chatd_protocol/errors.py")
    yield ""
    yield words.pick("## Errors", "## 错误码")
    yield ""
    yield words.pick(
        "A refused request is answered with `{re, error: {code, message, retry_after?, details?}}`; over HTTP the same object"
        " comes with the status below. Decide by `code`: `message` is for people and may change. *Retry*: the same request,"
        " under the same `cid`, may succeed later without anybody changing anything.",
        "请求被拒绝时，答复是 `{re, error: {code, message, retry_after?, details?}}`；走 HTTP 时内容相同，状态码见下表。"
        "程序只看 `code`，`message` 是给人看的，措辞可能会变。“可重试”指：同样的请求、同样的 `cid`，什么都不改，过一会儿就可能成功。",
    )
    yield ""
    yield from table(
        words.pick("code|meaning|retry|HTTP|then closed with", "错误码|含义|可重试|HTTP|随后的关闭码").split("|"),
        (
            [f"`{e.code}`", words.of(e.meaning), yes if e.retry else "", str(e.http_status), f"{e.close or ''}"]
            for e in ERRORS.values()
        ),
    )
    yield words.pick("## Close codes", "## 关闭码")
    yield ""
    yield words.pick(
        "A code that you do not know says by its range what to do: 4000–4099 reconnect at once, 4100–4199 reconnect after a"
        " growing pause, 4400–4499 do not reconnect.",
        "遇到不认识的关闭码，看它落在哪个区间：4000–4099 立即重连，4100–4199 隔一段时间再连、间隔逐次加长，4400–4499 不要重连。",
    )
    yield ""
    yield from table(
        words.pick("code|name|meaning|reconnect", "关闭码|名称|含义|重连").split("|"),
        ([str(c.code), f"`{c.name}`", words.of(c.meaning), yes if c.reconnect else ""] for c in CLOSES.values()),
    )
