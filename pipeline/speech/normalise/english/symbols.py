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
    "¢": "cents",
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
LONE = r"[&+=@%±×÷≈≠≤≥→°§$€£¥₫₩₹¢∞√π]"
#: $5/month is "per month".
PERIOD = r"(?:second|minute|hour|day|night|week|month|quarter|year|person|user|page|sec|min|yr|kg|km|lb)"
BETWEEN_WORDS = r"(?<=\w)/(?=\w)"
HASHTAG = r"(?<!\w)#(?=[^\W\d_])"


def name(match: re.Match[str]) -> str:
    return SYMBOLS[match[0]]


#: Signs with a space on either side and a number after them.
OPERATORS = {
    "<": "is less than",
    ">": "is greater than",
    "<=": "is at most",
    ">=": "is at least",
    "!=": "does not equal",
    "==": "equals",
    "-": "minus",
    "*": "times",
    "x": "by",
}
#: Right before a number.
BEFORE_NUMBER = {"~": "about", "<": "less than", ">": "more than", "<=": "at most", ">=": "at least"}


def operator(match: re.Match[str]) -> str:
    """5 < 6, 2 - 1, 1920x1080."""
    return f" {OPERATORS[match[0].strip()]} "


def before_number(match: re.Match[str]) -> str:
    """~50 -> about fifty."""
    return f"{BEFORE_NUMBER[match[0].strip()]} "
