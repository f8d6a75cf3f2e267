"""English names of signs."""

from __future__ import annotations

import re

SYMBOLS = {
    "&": "and",
    "+": "plus",
    "=": "equals",
    "@": "at",
    "%": "percent",
    "±": "plus or minus",
    "×": "times",
    "÷": "divided by",
    "≈": "approximately equals",
    "≠": "does not equal",
    "≤": "is at most",
    "≥": "is at least",
    "→": "to",
    "°": "degrees",
    "§": "section",
    "$": "dollar",
    "€": "euro",
    "£": "pound",
    "¥": "yen",
    "₫": "dong",
    "₩": "won",
    "₹": "rupee",
    "∞": "infinity",
    "√": "the square root of",
    "π": "pi",
    "/": "slash",
    "#": "hash",
}
#: In web and e-mail addresses.
IN_ADDRESS = SYMBOLS | {
    ".": "dot",
    "-": "dash",
    "_": "underscore",
    "?": "question mark",
    ":": "colon",
    "~": "tilde",
    "%": "percent",
}
LONE = r"[&+=@%±×÷≈≠≤≥→°§$€£¥₫₩₹∞√π]"
BETWEEN_WORDS = r"(?<=\w)/(?=\w)"
HASHTAG = r"(?<!\w)#(?=[^\W\d_])"


def name(match: re.Match[str]) -> str:
    return SYMBOLS[match[0]]


def between_numbers(match: re.Match[str]) -> str:
    """5 < 6 and 2 - 1 with spaces around the sign."""
    return {"<": "is less than", ">": "is greater than", "-": "minus", "*": "times"}[match[0].strip()]
