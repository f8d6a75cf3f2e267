"""Vietnamese money: 100.000 đ, 5 triệu đồng, 1.5 tỷ, $5.99, 10 USD, 50k."""

from __future__ import annotations

import re

from pipeline.speech.normalise.vietnamese.numbers import number

CURRENCIES = {
    "đ": "đồng",
    "Đ": "đồng",
    "₫": "đồng",
    "VND": "đồng",
    "VNĐ": "đồng",
    "vnđ": "đồng",
    "vnd": "đồng",
    "$": "đô la",
    "US$": "đô la Mỹ",
    "USD": "đô la Mỹ",
    "€": "ơ rô",
    "EUR": "ơ rô",
    "£": "bảng Anh",
    "GBP": "bảng Anh",
    "¥": "yên",
    "JPY": "yên Nhật",
    "CNY": "nhân dân tệ",
    "NDT": "nhân dân tệ",
    "₩": "uôn",
    "KRW": "uôn",
    "AUD": "đô la Úc",
    "SGD": "đô la Xinh ga po",
}
SIGNS = r"(?:US\$|[$€£¥₩₫])"
CODES = r"(?:VNĐ|VND|vnđ|vnd|USD|EUR|GBP|JPY|CNY|NDT|KRW|AUD|SGD)"
SCALE = r"(?:nghìn tỷ|nghìn tỉ|ngàn tỷ|nghìn|ngàn|triệu|tỷ|tỉ|tr\b|[kKmMbB](?!\w))"
_SCALES = {"k": "nghìn", "K": "nghìn", "tr": "triệu", "m": "triệu", "M": "triệu", "b": "tỷ", "B": "tỷ"}


def amount(match: re.Match[str]) -> str:
    """100.000đ -> một trăm nghìn đồng; $5.99 -> năm phẩy chín mươi chín đô la; 1,5 tỷ VNĐ -> một phẩy năm tỷ đồng."""
    scale = match["scale"]
    said = f"{number(match['amount'])} {_SCALES.get(scale, scale)}" if scale else number(match["amount"])
    lowest = f"{number(match['from'])} đến " if match.groupdict().get("from") else ""
    return f"{lowest}{said} {CURRENCIES[match['currency']]}"


def thousands(match: re.Match[str]) -> str:
    """50k -> năm mươi nghìn, 5tr -> năm triệu."""
    lowest = f"{number(match['from'])} đến " if match["from"] else ""
    return f"{lowest}{number(match['amount'])} {_SCALES[match['scale']]}"


def millions_and(match: re.Match[str]) -> str:
    """2tr5 -> hai triệu rưỡi, 2tr3 -> hai triệu ba."""
    tenths = "rưỡi" if match["tenths"] == "5" else number(match["tenths"])
    return f"{number(match['millions'])} triệu {tenths}"
