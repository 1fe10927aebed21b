"""The currencies of ISO 4217, and how many decimal places an amount in each may have."""

from collections.abc import Mapping
from types import MappingProxyType

_CODES_BY_PLACES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
        "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
        "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
        "MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP "
        "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG "
        "YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""Active codes. Metals, units of account and `XXX` have no places of their own in ISO 4217: nobody pays in them."""

_WITHDRAWN = "ANG BGN HRK SLL ZWL"
"""Withdrawn from 2023 to 2026, two places each: payments in them are still imported as history."""

PLACES: Mapping[str, int] = MappingProxyType(
    {code: places for places, codes in _CODES_BY_PLACES.items() for code in codes.split()}
    | dict.fromkeys(_WITHDRAWN.split(), 2)
)
"""Decimal places of each currency, by its code."""


def places(code: str) -> int | None:
    """Decimal places of a currency's amounts; None if there is no such currency."""
    return PLACES.get(code)
