"""English numbers in words. num2words reads cardinals, ordinals and years well; signs, decimals and codes are ours."""

from __future__ import annotations

import functools
import re

from num2words import num2words

from pipeline.speech.normalise.patterns import MOST_DIGITS, SHORTEST_PHONE, SUPERSCRIPTS

NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?:\.\d{1,15})?"
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@functools.lru_cache(maxsize=4096)
def cardinal(value: int) -> str:
    """1234 -> one thousand two hundred and thirty-four."""
    return num2words(value).replace(",", "")


@functools.lru_cache(maxsize=1024)
def ordinal(value: int) -> str:
    return num2words(value, to="ordinal").replace(",", "")


@functools.lru_cache(maxsize=1024)
def year(value: int) -> str:
    """1999 -> nineteen ninety-nine, 2005 -> two thousand and five."""
    return num2words(value, to="year").replace("oh-", "oh ")


def digits(written: str) -> str:
    """One by one; whatever is no digit is left out."""
    return " ".join(_DIGITS[int(character)] for character in written if character.isdecimal())


def number(written: str) -> str:
    """1,234.05 -> one thousand two hundred and thirty-four point zero five; 007 -> zero zero seven; -5 -> minus five."""
    sign = {"-": "minus ", "+": "plus "}.get(written[0], "")
    whole, _, fraction = written.lstrip("+-").replace(",", "").partition(".")
    coded = len(whole) > MOST_DIGITS or (len(whole) > 1 and whole[0] == "0")
    said = digits(whole) if coded else cardinal(int(whole))
    return f"{sign}{said} point {digits(fraction)}" if fraction else f"{sign}{said}"


def is_one(written: str) -> bool:
    return written.lstrip("+-") == "1"


#: Thirds, twelfths, hundredths are said so; 5/37 is "five over thirty-seven".
_SAID_AS_PARTS = {*range(2, 13), 15, 16, 20, 24, 32, 60, 64, 100}
_HALVES = {2: ("half", "halves"), 4: ("quarter", "quarters")}


def fraction(match: re.Match[str]) -> str | None:
    """1/2 -> one half, 3/4 -> three quarters, 3 1/2 -> three and a half, 7/12 -> seven twelfths."""
    above, below = int(match["above"]), int(match["below"])
    if below < 2 or above == 0:
        return None
    if above == below:
        return f"{cardinal(above)} {cardinal(below)}"
    if below not in _SAID_AS_PARTS or above > 100:
        return f"{cardinal(above)} over {cardinal(below)}"
    one, many = _HALVES.get(below, (ordinal(below), f"{ordinal(below)}s"))
    whole = match["whole"]
    if whole:
        article = f"a {one}" if above == 1 else f"{cardinal(above)} {many}"
        return f"{cardinal(int(whole))} and {article}"
    return f"{cardinal(above)} {one if above == 1 else many}"


def phone(match: re.Match[str]) -> str | None:
    """Digit by digit, a small rest between the groups; too few digits are no telephone number."""
    written = re.findall(r"\d+", match[0])
    if sum(map(len, written)) < SHORTEST_PHONE:
        return None
    groups = [digits(group) for group in written]
    return ("plus " if match[0].startswith("+") else "") + ", ".join(groups)


def version(match: re.Match[str]) -> str:
    """3.11.2 -> three point eleven point two; an IPv4 address is said digit by digit, with dots."""
    parts = match["parts"].split(".")
    if len(parts) == 4 and all(int(part) < 256 for part in parts):
        said = " dot ".join(digits(part) for part in parts)
    else:
        said = " point ".join(number(part) for part in parts)
    return f"version {said}" if match["v"] else said


def power(match: re.Match[str]) -> str:
    """² -> squared, ³ -> cubed, ⁶ -> to the power of six."""
    exponent = match[0].translate(SUPERSCRIPTS)
    return {"2": "squared", "3": "cubed"}.get(exponent, f"to the power of {number(exponent)}")


def loose(match: re.Match[str]) -> str:
    """Whatever digits no other rule has read."""
    continues = match.start() > 0 and match.string[match.start() - 1].isdigit()
    return digits(match[0]) if continues or len(match[0]) > MOST_DIGITS else number(match[0])
