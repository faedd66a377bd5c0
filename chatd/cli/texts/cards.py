"""Cards of videos and products."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "usage_video": ("/video ID|TITLE [TEXT]", "/video ID|标题 [文字]"),
    "help_video": ("share a video", "分享视频"),
    "usage_product": ("/product ID|TITLE [TEXT]", "/product ID|标题 [文字]"),
    "help_product": ("share a product", "分享商品"),
    "card_video": ("video: {title}", "视频：{title}"),
    "card_product": ("product: {title}", "商品：{title}"),
    "card_price_then": ("{price} (was {then})", "{price}（分享时 {then}）"),
    "card_sold_out": ("sold out", "已售罄"),
    "card_off_shelf": ("not on sale now", "已下架"),
    "card_gone": ("no longer there", "已删除"),
    "card_unavailable": ("not available", "不可用"),
    "several_items": ("Which one? {items}", "是哪一个？{items}"),
    "card_changed": ("{what} (shown in {target})", "{what}（见 {target}）"),
}
