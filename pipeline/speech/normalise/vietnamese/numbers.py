"""Vietnamese numbers in words, northern standard.

num2words is not used here: it reads 2026 as "hai nghìn lẻ hai mươi sáu", 3,14 without its rules for decimals and -5 as
"mười lăm".
"""

from __future__ import annotations

import re

from pipeline.speech.normalise.patterns import MOST_DIGITS, SHORTEST_PHONE, SUPERSCRIPTS

#: 1.234.567,8 and 1,234,567.8; which mark is which is decided in `number`.
NUMBER = r"(?:\d{1,3}(?:\.\d{3}){1,4}(?:,\d{1,15})?|\d{1,3}(?:,\d{3}){2,4}(?:\.\d{1,15})?|\d{1,15}(?:[.,]\d{1,15})?)"
_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_BILLION = 10**9
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?|[1-9]\d{0,2}(?:,\d{3}){2,}(?:\.\d+)?")


def cardinal(value: int) -> str:
    """2026 -> hai nghìn không trăm hai mươi sáu; 105 -> một trăm linh năm."""
    if value < 0:
        return f"âm {cardinal(-value)}"
    return " ".join(_words(value, full=False)) or _DIGITS[0]


def _words(value: int, full: bool) -> list[str]:
    """`full` says that something greater stands before, so that missing hundreds are said."""
    if value >= _BILLION:
        billions, rest = divmod(value, _BILLION)
        return [*_words(billions, full), "tỷ", *_words(rest, full=True)]
    words: list[str] = []
    for worth, name in ((10**6, "triệu"), (1000, "nghìn"), (1, "")):
        group, value = divmod(value, worth)
        if group:
            words += _group(group, full=full or bool(words))
            words += [name] if name else []
    return words


def _group(value: int, full: bool) -> list[str]:
    hundreds, rest = divmod(value, 100)
    tens, ones = divmod(rest, 10)
    words = [_DIGITS[hundreds], "trăm"] if hundreds or full else []
    if rest == 0:
        return words
    if tens == 0:
        return [*words, "linh", _DIGITS[ones]] if words else [_DIGITS[ones]]
    words += ["mười"] if tens == 1 else [_DIGITS[tens], "mươi"]
    if ones == 0:
        return words
    if ones == 5:
        return [*words, "lăm"]
    return [*words, {1: "mốt", 4: "tư"}.get(ones, _DIGITS[ones]) if tens > 1 else _DIGITS[ones]]


def ordinal(value: int) -> str:
    """What follows "thứ": nhất, hai, ba, tư, năm ..."""
    return {1: "nhất", 4: "tư"}.get(value) or cardinal(value)


def digits(written: str) -> str:
    """One by one; whatever is no digit is left out."""
    return " ".join(_DIGITS[int(character)] for character in written if character.isdecimal())


def number(written: str) -> str:
    """1.234.567 -> một triệu hai trăm ...; 3,14 and 3.14 -> ba phẩy mười bốn; 0,05 -> không phẩy không năm."""
    sign = {"-": "âm ", "+": "cộng "}.get(written[0], "")
    plain = written.lstrip("+-")
    if _THOUSANDS.fullmatch(plain):
        mark = "." if "." in plain and ("," not in plain or plain.index(".") < plain.index(",")) else ","
        plain = plain.replace(mark, "")
    whole, _, fraction = plain.replace(",", ".").partition(".")
    coded = len(whole) > MOST_DIGITS or (len(whole) > 1 and whole[0] == "0")
    said = digits(whole) if coded else cardinal(int(whole))
    return f"{sign}{said} phẩy {_decimals(fraction)}" if fraction else f"{sign}{said}"


def _decimals(written: str) -> str:
    return cardinal(int(written)) if len(written) <= 2 and written[0] != "0" else digits(written)


def fraction(match: re.Match[str]) -> str | None:
    """3/4 -> ba phần tư; 1/2 -> một phần hai; greater ones are said with trên."""
    above, below = int(match["above"]), int(match["below"])
    if below < 2 or above == 0:
        return None
    if above >= below or below > 100:
        return f"{cardinal(above)} trên {cardinal(below)}"
    said = f"{cardinal(above)} phần {'tư' if below == 4 else cardinal(below)}"
    return f"{cardinal(int(match['whole']))} và {said}" if match["whole"] else said


def phone(match: re.Match[str]) -> str | None:
    """Digit by digit, a small rest between the groups; too few digits are no telephone number."""
    written = re.findall(r"\d+", match[0])
    if sum(map(len, written)) < SHORTEST_PHONE:
        return None
    groups = [digits(group) for group in written]
    return ("cộng " if match[0].startswith("+") else "") + ", ".join(groups)


def version(match: re.Match[str]) -> str:
    """3.11.2 -> ba chấm mười một chấm hai; an IPv4 address is said digit by digit."""
    parts = match["parts"].split(".")
    if len(parts) == 4 and all(int(part) < 256 for part in parts):
        said = " chấm ".join(digits(part) for part in parts)
    else:
        said = " chấm ".join(number(part) for part in parts)
    return f"vê {said}" if match["v"] else said


def power(match: re.Match[str]) -> str:
    """² -> bình phương, ³ -> lập phương, ⁶ -> mũ sáu."""
    exponent = match[0].translate(SUPERSCRIPTS)
    return {"2": "bình phương", "3": "lập phương"}.get(exponent, f"mũ {number(exponent)}")


def loose(match: re.Match[str]) -> str:
    """Whatever digits no other rule has read."""
    continues = match.start() > 0 and match.string[match.start() - 1].isdigit()
    return digits(match[0]) if continues or len(match[0]) > MOST_DIGITS else number(match[0])
