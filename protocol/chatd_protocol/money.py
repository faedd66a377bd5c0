"""Money: integer minor units with a currency of ISO 4217, and how many minor units make one.

Which currencies exist is the standard's list one (https://www.iso.org/iso-4217-currency-codes.html). Nothing here
rounds: a price is never a fraction.
"""

from __future__ import annotations

from typing import Final

_TWO: Final = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR
KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN
PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD
TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW
"""
_NONE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"

DIGITS: Final[dict[str, int]] = (
    dict.fromkeys(_TWO.split(), 2) | dict.fromkeys(_NONE.split(), 0) | dict.fromkeys(_THREE.split(), 3)
)
"""By currency: how many digits of a price in minor units stand behind the point."""


def show_price(price: int, currency: str) -> str:
    """A price for people: `CNY 35.00`. A currency that is not known here has two digits."""
    digits = DIGITS.get(currency, 2)
    whole, rest = divmod(price, 10**digits)
    return f"{currency} {whole}" + (f".{rest:0{digits}}" if digits else "")
