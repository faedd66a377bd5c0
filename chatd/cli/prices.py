"""Prices as people write them in their language. Imports nothing that is slow to import."""

from __future__ import annotations

from chatd.cli.language import Lang
from chatd_protocol.money import show_price


def price_in(lang: Lang, price: int, currency: str) -> str:
    """`CNY 35.00`; in Chinese `¥35.00`, and other currencies by their code. `price` is in minor units."""
    shown = show_price(price, currency)
    return f"¥{shown.removeprefix('CNY ')}" if lang == "zh" and currency == "CNY" else shown
