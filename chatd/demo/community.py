"""Who lives in the demo community, who follows whom, and which groups they have. Values only; made-up people.

What they have said stands in `scenes/`, one file for each group.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

PEOPLE: Final = {
    "ali": "阿梨",
    "xiaoman": "小满",
    "kai": "Kai",
    "mina": "Mina",
    "laozhou": "老周",
    "doudou": "豆豆",
    "tom": "Tom",
    "qingshan": "青山",
    "nora": "Nora",
    "yuzu": "柚子",
    "jun": "阿俊",
    "lena": "Lena",
    "ming": "阿明",
}
"""Names by `sub`, which is how the name is written in Latin letters."""


def name_in(lang: str, sub: str) -> str:
    """Who that is, for readers of a language: `Ming (阿明)` for those who may not read the name that is shown."""
    name = PEOPLE[sub]
    return name if lang == "zh" or name.isascii() else f"{sub.title()} ({name})"


FRIENDS: Final = (
    "ali xiaoman",
    "ali kai",
    "ali mina",
    "ali doudou",
    "ali yuzu",
    "ali tom",
    "ali laozhou",
    "mina tom",
    "mina yuzu",
    "mina qingshan",
    "mina kai",
    "mina nora",
    "laozhou jun",
    "laozhou qingshan",
    "laozhou tom",
    "laozhou kai",
    "xiaoman kai",
    "xiaoman doudou",
)
"""Two who follow each other."""

FANS: Final = (
    "kai nora",
    "lena kai",
    "lena ali",
    "jun ali",
    "qingshan ali",
    "nora ali",
    "doudou mina",
    "yuzu kai",
    "tom qingshan",
    "ali qingshan",
)
"""The first follows the second, one of them back or not: `qingshan ali` and `ali qingshan` are both here."""


class BotPlan(NamedTuple):
    """A bot: what people see of it, and what it may do. The program is the example of the same name."""

    shown: str
    intro: str
    scopes: str


BOTS: Final = {
    "welcome": BotPlan("迎新 Welcome", "欢迎新朋友。I greet who comes in.", "read send members profile"),
    "shop": BotPlan("导购 Shop assistant", "问我价格：/price，/价格。Ask me what things cost.", "read send react"),
    "digest": BotPlan("摘要 Digest", "错过了什么？/missed，/错过。Ask me what you missed.", "read send react"),
    "echo": BotPlan("回声 Echo", "试试 /vote，/投票，/help。Try me.", "read send react"),
}
"""By name: those that answer in the demo."""


class GroupPlan(NamedTuple):
    """A private group. `members` are pulled in by the owner when it is made, `bots` put there; `scene` may pull in
    more."""

    scene: str
    title: str
    intro: str
    history: str
    owner: str
    members: str
    admins: str = ""
    bots: str = ""


class DirectPlan(NamedTuple):
    """A direct chat, begun by the first of the two."""

    scene: str
    two: str


GROUPS: Final = (
    GroupPlan(
        "fans",
        "阿梨的厨房 · 饭友群",
        "新视频、直播时间、翻车现场。What Ali cooks, and what goes wrong.",
        "all",
        "ali",
        "xiaoman kai doudou mina tom laozhou",
        admins="xiaoman",
        bots="welcome digest echo",
    ),
    GroupPlan(
        "shop",
        "Mina's Kiln 米娜陶坊",
        "New pieces first, questions in any language. 新品先发这里。",
        "last:50",
        "mina",
        "tom yuzu ali qingshan kai nora",
        admins="tom",
        bots="shop welcome",
    ),
    GroupPlan(
        "ride",
        "周末骑行 Weekend riders",
        "戴头盔，等最后一个人。",
        "none",
        "laozhou",
        "jun tom qingshan",
        bots="echo",
    ),
)
DIRECTS: Final = (DirectPlan("kai_mina", "mina kai"), DirectPlan("ali_xiaoman", "ali xiaoman"))
ZONE: Final = "Asia/Shanghai"
"""Where most of them live: their evening is when the day is summed up."""
TALKERS: Final = ("ali", "kai")
"""As whom a newcomer is invited to chat, both in the group `fans`."""

STRANGER: Final = "ming"
"""Who is in no group and follows nobody: the gate holds for them, an invite lets them in."""
INVITE: Final = ("ali", "fans")
"""Who has made an invite with a share text, and to which group."""

_SHOP: Final = "https://kiln.example/"
_WATCH: Final = "https://video.example/ali/"
CATALOGUE: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("product", "bowl-celadon"): {
        "title": "青瓷小碗 Celadon bowl, hand-thrown",
        "price": 6800,
        "currency": "CNY",
        "stock": 4,
        "shop_url": _SHOP + "bowl-celadon",
    },
    ("product", "teapot-brown"): {
        "title": "棕色茶壶 Brown teapot · 断水",
        "price": 12800,
        "currency": "CNY",
        "stock": 1,
        "shop_url": _SHOP + "teapot-brown",
    },
    ("product", "plate-large"): {
        "title": "大盘子，有性格的 Large plate with character",
        "price": 9800,
        "currency": "CNY",
        "stock": 4,
        "shop_url": _SHOP + "plate-large",
    },
    ("video", "stew"): {
        "title": "番茄炖牛腩：一次就成 Tomato beef stew",
        "duration_ms": 754_000,
        "author": "阿梨",
        "url": _WATCH + "stew",
    },
    ("video", "phone-in-pot"): {
        "title": "手机掉进锅里了 The phone fell into the pot",
        "duration_ms": 96_000,
        "author": "阿梨",
        "url": _WATCH + "phone-in-pot",
    },
}
"""By kind and id: what the shop sells and what Ali has filmed."""
