"""Which language a visitor reads, and the words of the invite page in each. No HTML here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeVar

Words = TypeVar("Words")


class PageWords(NamedTuple):
    """The texts of the invite page. `{…}` are filled in."""

    lang: str
    locale: str
    invited: str
    invited_by_nobody: str
    one_member: str
    members: str
    by_approval: str
    by_question: str
    open_app: str
    inside: str
    copy_hint: str
    copy: str
    copied: str
    qr_alt: str
    scan: str
    here_only: str
    invalid_title: str
    invalid: str
    busy_title: str
    busy: str


EN: Final = PageWords(
    lang="en",
    locale="en_US",
    invited="{name} invites you to this group",
    invited_by_nobody="You are invited to this group",
    one_member="1 member",
    members="{count} members",
    by_approval="an admin lets you in",
    by_question="asks you a question first",
    open_app="Open in the app",
    inside="Does nothing open? Tap ··· at the top and open this page in the browser.",
    copy_hint="Copy this link and paste it into the chat app:",
    copy="Copy",
    copied="Copied",
    qr_alt="QR code of this invite",
    scan="Or scan this with another device",
    here_only="Only this machine can open this address. With [invites] public_url set, a QR code is here.",
    invalid_title="This invite is not valid",
    invalid="It may have expired or been used up. Ask for a new one.",
    busy_title="Too many visits",
    busy="Please try again in a little while.",
)
ZH: Final = PageWords(
    lang="zh-CN",
    locale="zh_CN",
    invited="{name} 邀请你加入群聊",
    invited_by_nobody="邀请你加入群聊",
    one_member="1 人",
    members="{count} 人",
    by_approval="需管理员同意",
    by_question="进群需回答问题",
    open_app="打开 App",
    inside="打不开？点右上角 ··· 选择“在浏览器打开”。",
    copy_hint="复制链接，到聊天 App 里粘贴即可进群：",
    copy="复制",
    copied="已复制",
    qr_alt="群邀请二维码",
    scan="或用其他设备扫码",
    here_only="这个地址只有本机能打开。服务器设置 [invites] public_url 之后，这里会有给其他设备扫的二维码。",
    invalid_title="邀请无效",
    invalid="邀请可能已过期或已用完，请向对方要一个新的。",
    busy_title="访问太频繁",
    busy="请稍后再试。",
)


def words_for(accept_language: str) -> PageWords:
    """The words of the invite page for a visitor with this `Accept-Language`."""
    return choose_language(accept_language, {"en": EN, "zh": ZH})


def choose_language(accept_language: str, words: Mapping[str, Words]) -> Words:
    """The words that the visitor's `Accept-Language` (RFC 9110, section 12.5.4) likes best; English for none of them.

    `words`: by the first part of a language tag, such as `zh`.
    """
    best, quality = words["en"], 0.0
    for item in accept_language[:200].split(","):
        tag, _, parameters = item.strip().partition(";")
        offered, likes = words.get(tag.strip().lower().partition("-")[0]), _quality(parameters)
        if offered is not None and likes > quality:
            best, quality = offered, likes
    return best


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
