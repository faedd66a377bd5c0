"""Cards of videos and products."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "usage_video": ("/video [ID|TITLE [TEXT]]", "/发视频 [ID|标题 [文字]]"),
    "help_video": ("share a video; alone: what there is", "分享视频；不带文字则列出可选的"),
    "usage_product": ("/product [ID|TITLE [TEXT]]", "/发商品 [ID|标题 [文字]]"),
    "help_product": ("share a product; alone: what there is", "分享商品；不带文字则列出可选的"),
    "no_video_named": ("no video that can be shared has “{text}” in its title", "没有标题含“{text}”、可以分享的视频"),
    "no_product_named": (
        "no product that can be shared has “{text}” in its title",
        "没有标题含“{text}”、可以分享的商品",
    ),
    "no_video_here": ("there is no video to share yet", "还没有可以分享的视频"),
    "no_product_here": ("there is no product to share yet", "还没有可以分享的商品"),
    "title_pick_video": ("Share which video?", "分享哪个视频？"),
    "title_pick_product": ("Share which product?", "分享哪个商品？"),
    "card_video": ("video: {title}", "视频：{title}"),
    "card_product": ("product: {title}", "商品：{title}"),
    "card_price_then": ("{price} (was {then})", "{price}（分享时 {then}）"),
    "card_on_sale": ("on sale", "在售"),
    "card_sold_out": ("sold out", "已售罄"),
    "card_off_shelf": ("not on sale now", "已下架"),
    "card_gone": ("no longer there", "已删除"),
    "card_unavailable": ("not available", "不可用"),
    "several_items": ("Which one? {items}", "是哪一个？{items}"),
    "card_changed": ("{what} (shown in {target})", "{what}（见 {target}）"),
}
