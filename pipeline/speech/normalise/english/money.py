"""English money: $5.99, €10, £3 million, 10 USD, 100,000 VND."""

from __future__ import annotations

import re

from pipeline.speech.normalise.english.numbers import cardinal, is_one, number

#: sign or code: (one, many, hundredth part or None)
CURRENCIES: dict[str, tuple[str, str, str | None]] = {
    "$": ("dollar", "dollars", "cent"),
    "US$": ("US dollar", "US dollars", "cent"),
    "€": ("euro", "euros", "cent"),
    "£": ("pound", "pounds", "pence"),
    "¥": ("yen", "yen", None),
    "₩": ("won", "won", None),
    "₫": ("dong", "dong", None),
    "₹": ("rupee", "rupees", None),
    "USD": ("U S dollar", "U S dollars", "cent"),
    "EUR": ("euro", "euros", "cent"),
    "GBP": ("pound", "pounds", "pence"),
    "JPY": ("yen", "yen", None),
    "VND": ("Vietnamese dong", "Vietnamese dong", None),
    "AUD": ("Australian dollar", "Australian dollars", "cent"),
    "SGD": ("Singapore dollar", "Singapore dollars", "cent"),
}
CURRENCIES["US$"] = CURRENCIES["USD"]
SIGNS = r"(?:US\$|[$€£¥₩₫₹])"
CODES = r"(?:USD|EUR|GBP|JPY|VND|AUD|SGD)"
SCALE = r"(?:thousand|million|billion|trillion|bn\b|mn\b|[kKmMbB](?![\w]))"
_SCALES = {"bn": "billion", "mn": "million", "k": "thousand", "m": "million", "b": "billion"}


def amount(match: re.Match[str]) -> str:
    """$5.99 -> five dollars and ninety-nine cents; $1.5 million -> one point five million dollars."""
    written = match["amount"]
    one, many, part = CURRENCIES[match["currency"]]
    if match.groupdict().get("from"):
        scale = f" {_scale(match['scale'])}" if match["scale"] else ""
        return f"{number(match['from'])} to {number(written)}{scale} {many}"
    if match["scale"]:
        return f"{number(written)} {_scale(match['scale'])} {many}"
    whole, _, hundredths = written.partition(".")
    if part is None or len(hundredths) != 2:
        return f"{number(written)} {one if is_one(written) else many}"
    named = part if part == "pence" or hundredths == "01" else f"{part}s"
    rest = f"{cardinal(int(hundredths))} {named}"
    if int(hundredths) == 0:
        return f"{number(whole)} {one if is_one(whole) else many}"
    return rest if whole == "0" else f"{number(whole)} {one if is_one(whole) else many} and {rest}"


def _scale(written: str) -> str:
    return _SCALES.get(written.lower(), written)
