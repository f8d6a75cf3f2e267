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


def between_numbers(match: re.Match[str]) -> str:
    return {"<": "nhỏ hơn", ">": "lớn hơn", "-": "trừ", "*": "nhân"}[match[0].strip()]
