"""English dates, years and times of day. 3/4/2026 is March 4 (month first) unless only day first makes a date."""

from __future__ import annotations

import re

from pipeline.speech.normalise.dates import full_year
from pipeline.speech.normalise.english.numbers import cardinal, ordinal, year

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_SHORT = {name[:3]: name for name in MONTHS} | {"Sept": "September"}
MONTH = rf"(?:{'|'.join(MONTHS)}|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?)"
#: What makes four digits a year.
YEAR_COMES = (
    r"\b(?:[Ii]n|[Ss]ince|[Bb]y|[Uu]ntil|[Tt]ill|[Bb]efore|[Aa]fter|[Dd]uring|[Yy]ears?|[Cc]irca|[Ee]arly|[Ll]ate|[Mm]id|"
    r"[Ss]pring|[Ss]ummer|[Aa]utumn|[Ff]all|[Ww]inter|[Ff]rom|[Bb]etween|[Bb]orn|[Dd]ied|©)[ -]"
)
NOT_COUNTED = (
    r"(?! (?:people|men|women|children|times|cases|ways|words|years|days|weeks|months|hours|minutes|seconds|dollars|euros|"
    r"pounds|miles|met(?:er|re)s|kilomet(?:er|re)s|kilograms|km|kg|pages|units|items|users|percent)\b)"
)


def month_name(written: str) -> str:
    bare = written.rstrip(".")
    return _SHORT.get(bare, bare)


def _day_and_year(month: str, day: str, in_year: str | None) -> str | None:
    if not 1 <= int(day) <= 31:
        return None
    said = f"{month} {ordinal(int(day))}"
    return f"{said}, {year(int(in_year))}" if in_year else said


def month_day(match: re.Match[str]) -> str | None:
    """November 21, 2026; Nov. 21st."""
    return _day_and_year(month_name(match["month"]), match["day"], match["year"])


def day_month(match: re.Match[str]) -> str | None:
    """21 November 2026 -> the twenty-first of November, twenty twenty-six."""
    day = int(match["day"])
    if not 1 <= day <= 31:
        return None
    said = f"{ordinal(day)} of {month_name(match['month'])}"
    article = "" if re.search(r"\b[Tt]he $", match.string[max(0, match.start() - 5) : match.start()]) else "the "
    return f"{article}{said}, {year(int(match['year']))}" if match["year"] else f"{article}{said}"


def month_year(match: re.Match[str]) -> str:
    return f"{month_name(match['month'])} {year(int(match['year']))}"


def short_month(match: re.Match[str]) -> str:
    """A shortened month that has no day beside it."""
    return month_name(match[0])


def numeric(match: re.Match[str]) -> str | None:
    """11/21/2026 and 21/11/2026."""
    first, second = int(match["first"]), int(match["second"])
    month, day = (first, second) if first <= 12 else (second, first)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return _day_and_year(MONTHS[month - 1], str(day), full_year(match["year"]))


def iso(match: re.Match[str]) -> str | None:
    """2026-11-21, and 2026-11-21T14:30:00Z."""
    month = int(match["month"])
    said = _day_and_year(MONTHS[month - 1], match["day"], match["year"])
    if said is None or not match["hour"]:
        return said
    return f"{said}, {_clock(int(match['hour']), int(match['minute']))}"


def year_alone(match: re.Match[str]) -> str:
    return match["before"] + year(int(match["year"]))


def year_range(match: re.Match[str]) -> str:
    """2020-2024 -> twenty twenty to twenty twenty-four; 1939-45 -> nineteen thirty-nine to forty-five."""
    last = match["last"]
    return f"{year(int(match['first']))} to {year(int(last)) if len(last) == 4 else cardinal(int(last))}"


def decade(match: re.Match[str]) -> str:
    """1990s -> nineteen nineties, '80s -> eighties, 2000s -> two thousands."""
    century, tens = match["century"], int(match["tens"])
    if tens == 0:
        named = {"19": "nineteen hundreds", "20": "two thousands"}
        return named.get(century or "20", f"{cardinal(int(century or 20))} hundreds")
    plural = cardinal(tens).removesuffix("y") + "ies" if tens >= 20 else "tens"
    return f"{cardinal(int(century))} {plural}" if century else plural


def time_range(match: re.Match[str]) -> str:
    """10:00-11:30 a.m. -> ten o'clock to eleven thirty A M."""
    said = f"{_clock(int(match['hour']), int(match['minute']))} to {_clock(int(match['to_hour']), int(match['to_minute']))}"
    return f"{said} {match['half'][0].upper()} M" if match["half"] else said


def _clock(hour: int, minute: int) -> str:
    if minute == 0:
        return f"{cardinal(hour)} o'clock" if 1 <= hour <= 12 else f"{cardinal(hour)} hundred"
    return f"{cardinal(hour)} {cardinal(minute) if minute >= 10 else f'oh {cardinal(minute)}'}"


def time(match: re.Match[str]) -> str:
    """14:30 -> fourteen thirty, 2:05 pm -> two oh five P M, 9:00 -> nine o'clock, 5 p.m. -> five P M."""
    hour, half = int(match["hour"]), match["half"]
    minute = int(match["minute"] or 0)
    if half:
        said = cardinal(hour) if minute == 0 else _clock(hour, minute)
        said = f"{said} {half[0].upper()} M"
    else:
        said = _clock(hour, minute)
    second = match["second"]
    return f"{said} and {cardinal(int(second))} seconds" if second else said
