"""Vietnamese dates (day first) and times of day. The first ten days of a month are "mùng", April is "tháng tư"."""

from __future__ import annotations

import re

from pipeline.speech.normalise import roman
from pipeline.speech.normalise.dates import full_year
from pipeline.speech.normalise.vietnamese.numbers import cardinal

_SAYS_DAY = re.compile(r"\b(?:ngày|mùng|mồng|hôm|đêm|sáng|chiều|tối|trưa|lễ|dịp|khánh)\s$", re.IGNORECASE)

_NUMBERS_A_HOUSE = re.compile(r"\b(?:số|ngõ|ngách|hẻm|nhà|tỷ lệ|tỉ lệ)\s$", re.IGNORECASE)


def day_name(day: int) -> str:
    return f"mùng {cardinal(day)}" if day <= 10 else cardinal(day)


def month_name(month: int) -> str:
    return "tư" if month == 4 else cardinal(month)


def _date(match: re.Match[str], day_group: str, year: str | None) -> str | None:
    """The whole date; "ngày" is said unless a word before the day does its work."""
    day, month = int(match[day_group]), int(match["month"])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    begins = match.start(day_group)
    before = match.string[max(0, begins - 8) : begins]
    said = f"{cardinal(day) if before.lower().endswith(('mùng ', 'mồng ')) else day_name(day)} tháng {month_name(month)}"
    if not _SAYS_DAY.search(before):
        said = f"ngày {said}"
    return f"{said} năm {cardinal(int(year))}" if year else said


def day_month_year(match: re.Match[str]) -> str | None:
    """21/11/2026 -> ngày hai mươi mốt tháng mười một năm hai nghìn không trăm hai mươi sáu."""
    return _date(match, "day", full_year(match["year"]))


def day_month(match: re.Match[str]) -> str | None:
    """ngày 21/11; only where a word before says that it is a date."""
    said = _date(match, "day", None)
    return None if said is None else match["before"] + said


def lone_day_month(match: re.Match[str]) -> str | None:
    """nghỉ 30/4 -> nghỉ ba mươi tháng tư: greater than a whole, so a date, unless it numbers a house."""
    if _numbers_a_house(match) or not _surely_a_date(match["above"], match["below"]):
        return None
    return f"{day_name(int(match['above']))} tháng {month_name(int(match['below']))}"


def two_days(match: re.Match[str]) -> str | None:
    """30/4 - 1/5, 30/4 và 1/5, 1/5 đến 5/5: dates, where a word says so or one of the two can hardly be a fraction."""
    dates = ((match["day"], match["month"]), (match["to_day"], match["to_month"]))
    surely = match["before"] or any(_surely_a_date(*date) or int(date[0]) == int(date[1]) for date in dates)
    if _numbers_a_house(match) or not surely or not all(_is_day(*date) for date in dates):
        return None
    first, last = (f"{day_name(int(day))} tháng {month_name(int(month))}" for day, month in dates)
    before = match["before"] or ""
    if before.lower() in ("mùng ", "mồng "):
        first = first.removeprefix("mùng ")
    between = " đến " if "-" in match["between"] else match["between"]
    return f"{before}{first}{between}{last}"


def lone_day_range(match: re.Match[str]) -> str | None:
    """10-12/3 -> mùng mười đến mười hai tháng ba, where 12/3 can hardly be a fraction."""
    first, last, month = match["first"], match["last"], match["month"]
    if _numbers_a_house(match) or not _surely_a_date(last, month) or not 1 <= int(first) < int(last):
        return None
    return f"{day_name(int(first))} đến {day_name(int(last))} tháng {month_name(int(month))}"


def lone_month_year(match: re.Match[str]) -> str | None:
    """11/2026 -> tháng mười một năm hai nghìn không trăm hai mươi sáu."""
    if _numbers_a_house(match) or not 1 <= int(match["month"]) <= 12:
        return None
    return f"tháng {month_name(int(match['month']))} năm {cardinal(int(match['year']))}"


def quarter(match: re.Match[str]) -> str:
    """quý I/2026 -> quý một năm hai nghìn không trăm hai mươi sáu."""
    written = match["quarter"]
    number = int(written) if written.isdecimal() else roman.value(written)
    return f"{match['before']}{cardinal(number or 0)} năm {cardinal(int(match['year']))}"


def _is_day(day: str, month: str) -> bool:
    return 1 <= int(day) <= 31 and 1 <= int(month) <= 12


def _surely_a_date(day: str, month: str) -> bool:
    """Greater than a whole, or written with a leading zero."""
    return _is_day(day, month) and (int(day) > int(month) or "0" in (day[0], month[0]))


def _numbers_a_house(match: re.Match[str]) -> bool:
    return _NUMBERS_A_HOUSE.search(match.string[max(0, match.start() - 8) : match.start()]) is not None


def day_range(match: re.Match[str]) -> str | None:
    """từ 10-15/3, ngày 10-15/3/2026."""
    last = _date(match, "last", match["year"])
    first = int(match["first"])
    if last is None or not 1 <= first <= 31:
        return None
    return f"{match['before']}{day_name(first)} đến {last.removeprefix('ngày ')}"


def month_year(match: re.Match[str]) -> str | None:
    """tháng 11/2026 -> tháng mười một năm hai nghìn không trăm hai mươi sáu."""
    month = int(match["month"])
    if not 1 <= month <= 12:
        return None
    return f"{match['before']}{month_name(month)} năm {cardinal(int(match['year']))}"


def day(match: re.Match[str]) -> str | None:
    """ngày 2 -> ngày mùng hai, only where a month follows; "mùng 2" stays as it is."""
    return match["before"] + day_name(int(match["day"])) if 1 <= int(match["day"]) <= 31 else None


def month(match: re.Match[str]) -> str | None:
    """tháng 4 -> tháng tư."""
    return match["before"] + month_name(int(match["month"])) if 1 <= int(match["month"]) <= 12 else None


def iso(match: re.Match[str]) -> str | None:
    """2026-11-21, and 2026-11-21T14:30:00Z."""
    said = _date(match, "day", match["year"])
    if said is None or not match["hour"]:
        return said
    return f"{said}, {_clock(match['hour'], match['minute'], None)}"


def year_range(match: re.Match[str]) -> str:
    return f"{cardinal(int(match['first']))} đến {cardinal(int(match['last']))}"


def _clock(hour: str, minute: str | None, second: str | None) -> str:
    said = f"{cardinal(int(hour))} giờ"
    if minute and int(minute) > 0:
        said += f" {cardinal(int(minute))} phút"
    if second and int(second) > 0:
        said += f" {cardinal(int(second))} giây"
    return said


def time(match: re.Match[str]) -> str:
    """14:30, 9h30, 14h -> mười bốn giờ ba mươi phút ..."""
    groups = match.groupdict()
    said = _clock(match["hour"], groups.get("minute"), groups.get("second"))
    half = (groups.get("half") or "").lower()
    return said + {"a": " sáng", "p": " chiều"}.get(half[:1], "")


def minutes_range(match: re.Match[str]) -> str:
    """9h-11h30 -> chín giờ đến mười một giờ ba mươi phút."""
    return f"{_clock(match['hour'], match['minute'], None)} đến {_clock(match['to_hour'], match['to_minute'], None)}"
