"""Vietnamese names of signs."""

from __future__ import annotations

import re

SYMBOLS = {
    "&": "và",
    "+": "cộng",
    "=": "bằng",
    "@": "a còng",
    "%": "phần trăm",
    "±": "cộng trừ",
    "×": "nhân",
    "÷": "chia",
    "≈": "xấp xỉ",
    "≠": "khác",
    "≤": "nhỏ hơn hoặc bằng",
    "≥": "lớn hơn hoặc bằng",
    "→": "đến",
    "°": "độ",
    "§": "mục",
    "$": "đô la",
    "€": "ơ rô",
    "£": "bảng",
    "¥": "yên",
    "₫": "đồng",
    "₩": "uôn",
    "∞": "vô cùng",
    "√": "căn bậc hai của",
    "π": "pi",
    "/": "gạch chéo",
    "#": "thăng",
}
#: In web and e-mail addresses.
IN_ADDRESS = SYMBOLS | {
    ".": "chấm",
    "-": "gạch ngang",
    "_": "gạch dưới",
    "?": "hỏi",
    ":": "hai chấm",
    "~": "ngã",
}
LONE = r"[&+=@%±×÷≈≠≤≥→°§$€£¥₫₩∞√π]"
BETWEEN_WORDS = r"(?<=[^\W\d_])/(?=[^\W\d_])"
HASHTAG = r"(?<!\w)#(?=[^\W\d_])"


def name(match: re.Match[str]) -> str:
    return SYMBOLS[match[0]]


#: Signs with a space on either side and a number after them.
OPERATORS = {
    "<": "nhỏ hơn",
    ">": "lớn hơn",
    "<=": "nhỏ hơn hoặc bằng",
    ">=": "lớn hơn hoặc bằng",
    "!=": "khác",
    "==": "bằng",
    "-": "trừ",
    "*": "nhân",
    "x": "nhân",
}
#: Right before a number.
BEFORE_NUMBER = {"~": "khoảng", "<": "dưới", ">": "trên", "<=": "tối đa", ">=": "tối thiểu"}


def operator(match: re.Match[str]) -> str:
    """5 < 6, 2 - 1, 1920x1080."""
    return f" {OPERATORS[match[0].strip()]} "


def before_number(match: re.Match[str]) -> str:
    """~50 -> khoảng năm mươi."""
    return f"{BEFORE_NUMBER[match[0].strip()]} "
