"""How written Vietnamese is read: one ordered list of rules."""

from __future__ import annotations

import re

from pipeline.speech.normalise import patterns, web
from pipeline.speech.normalise.rules import Rule, rule
from pipeline.speech.normalise.vietnamese import abbreviations, dates, money, numbers, symbols, units

_B, _E = patterns.NUMBER_BEGINS, patterns.NUMBER_ENDS
_N = numbers.NUMBER
_SIGNED = f"{patterns.SIGN}{_B}{_N}"
_MINUTE = patterns.MINUTES
_ADDRESS = web.reading(symbols.IN_ADDRESS, numbers.digits)


def _range(match: re.Match[str]) -> str:
    return f"{numbers.number(match['low'])} đến {numbers.number(match['high'])}"


def _score(match: re.Match[str]) -> str:
    return f"{match['before']}{numbers.number(match['ours'])} {numbers.number(match['theirs'])}"


def _ordinal(match: re.Match[str]) -> str:
    return match["before"] + numbers.ordinal(int(match["rank"]))


def _any_of(words: dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_WEB: tuple[Rule, ...] = (
    rule(web.URL, _ADDRESS, re.IGNORECASE),
    rule(web.EMAIL, _ADDRESS),
    rule(web.DOMAIN, _ADDRESS, re.IGNORECASE),
)

_DAY, _MONTH, _YEAR = r"\d{1,2}", r"(?P<month>\d{1,2})", r"(?P<year>[12]\d{3})"
#: Words before a date.
_DATED = r"[Nn]gày|[Mm]ùng|[Mm]ồng|[Hh]ôm|[Ss]áng|[Cc]hiều|[Tt]ối|[Tt]rưa|[Đđ]êm|[Ll]ễ|[Dd]ịp|[Kk]hánh"
_DATES: tuple[Rule, ...] = (
    rule(
        r"(?<![\w-])(?P<year>\d{4})([-/])(?P<month>0[1-9]|1[0-2])\2(?P<day>[0-3]\d)"
        r"(?:[T ](?P<hour>[0-2]\d):(?P<minute>[0-5]\d)(?::[0-5]\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?(?![\w-])",
        dates.iso,
    ),
    rule(
        rf"(?P<before>\b(?:[Tt]ừ|[Nn]gày) )(?P<first>{_DAY}) ?- ?(?P<last>{_DAY})/{_MONTH}(?:/{_YEAR})?(?![\w/])",
        dates.day_range,
    ),
    rule(rf"(?<![\w./-])(?P<first>{_DAY}) ?- ?(?P<last>{_DAY})/{_MONTH}(?!\w)(?![./-]\d)", dates.lone_day_range),
    rule(
        rf"(?<![\w./-])(?P<before>(?:{_DATED}) )?(?P<day>{_DAY})/{_MONTH}(?P<between> ?- ?| (?:và|đến|tới|hoặc) )"
        rf"(?P<to_day>{_DAY})/(?P<to_month>\d{{1,2}})"
        r"(?!\w)(?![./-]\d)",
        dates.two_days,
    ),
    rule(rf"(?<![\w/.-])(?P<day>{_DAY})([/.-]){_MONTH}\2{_YEAR}(?![\w/])(?!\.\d)", dates.day_month_year),
    rule(rf"(?<![\w/.-])(?P<day>{_DAY})/{_MONTH}/(?P<year>\d\d)(?![\w/])(?!\.\d)", dates.day_month_year),
    rule(
        rf"(?P<before>\b(?:{_DATED}) )(?P<day>{_DAY})[/-]{_MONTH}(?!\w)(?![./-]\d| tháng\b)",
        dates.day_month,
    ),
    rule(r"(?<![\w/])24/7(?![\w/])", lambda match: "hai mươi bốn trên bảy"),
    rule(r"(?<![\w./-])(?P<above>\d{1,2})/(?P<below>\d{1,2})(?!\w)(?![./-]\d)", dates.lone_day_month),
    rule(rf"(?P<before>\b[Tt]háng ){_MONTH}[/-]{_YEAR}(?![\w/])(?!\.\d)", dates.month_year),
    rule(rf"(?<![\w./-]){_MONTH}/(?P<year>(?:19|20)\d\d)(?![\w/])(?!\.\d)", dates.lone_month_year),
    rule(r"(?P<before>\b[Qq]u[ýí] )(?P<quarter>[1-4]|I{1,3}|IV)/(?P<year>(?:19|20)\d\d)(?![\w/])", dates.quarter),
    rule(rf"(?P<before>\b[Nn]gày )(?P<day>{_DAY})(?= tháng \w)", dates.day),
    rule(rf"(?P<before>\b[Tt]háng ){_MONTH}(?![\w/.,-]?\d)", dates.month),
    rule(r"(?<![\d.,-])(?P<first>1[1-9]\d\d|20\d\d) ?- ?(?P<last>1[1-9]\d\d|20\d\d)(?![\d,-])(?!\.\d)", dates.year_range),
)

_TIMES: tuple[Rule, ...] = (
    rule(
        rf"(?<![\w:.,])(?P<hour>{patterns.CLOCK})[hg:](?P<minute>{_MINUTE})? ?- ?"
        rf"(?P<to_hour>{patterns.CLOCK})[hg:](?P<to_minute>{_MINUTE})?(?![\w:])",
        dates.minutes_range,
    ),
    rule(
        rf"(?<![\w:.,])(?P<hour>{patterns.CLOCK}):(?P<minute>{_MINUTE})(?::(?P<second>{_MINUTE}))?"
        r"(?: ?(?P<half>[aApP]\.?[mM]\b)\.?)?(?![\w:])",
        dates.time,
    ),
    rule(rf"(?<![\w:.,])(?P<hour>{patterns.CLOCK})[hg](?:(?P<minute>{_MINUTE})(?:['p]|(?!\w))|(?<=h)(?!\w))", dates.time),
)

_MONEY: tuple[Rule, ...] = (
    rule(
        rf"(?<![\w$])(?P<currency>{money.SIGNS}) ?(?:(?P<from>{_N}) ?- ?[$€£]?)?(?P<amount>{_N}){_E}"
        rf"(?: ?(?P<scale>{money.SCALE}))?",
        money.amount,
    ),
    rule(
        rf"{_B}(?<!\w)(?:(?P<from>{_N}) ?- ?)?(?P<amount>{_N})(?: ?(?P<scale>{money.SCALE}))?"
        rf" ?(?P<currency>{money.CODES}|[đĐ]|{money.SIGNS})(?!\w)",
        money.amount,
    ),
    rule(rf"{_B}(?<!\w)(?:(?P<from>{_N}) ?- ?)?(?P<amount>{_N}) ?(?P<scale>[kK]|tr)(?!\w)", money.thousands),
    rule(r"(?<![\w.,])(?P<millions>\d{1,3})tr(?P<tenths>\d)(?!\w)", money.millions_and),
)

_NUMBERS: tuple[Rule, ...] = (
    rule(r"(?<![\w+])\+\d{1,3}(?:[ .-]?\(?\d{2,4}\)?){2,5}(?!\w)", numbers.phone),
    rule(r"(?<![\w.,-])(?:0\d{1,4}|\(0\d{1,4}\)|1[89]00)(?:[ .-]\d{2,4}){1,4}(?!\w)(?![.,]\d)", numbers.phone),
    rule(r"(?<![\w.,-])0\d{8,10}(?!\w)", numbers.phone),
    rule(r"(?<![\w.,/-])(?P<v>[vV](?=\d))?(?P<parts>\d{1,5}(?:\.\d{1,2}){2,5})(?!\w)(?!\.\d)", numbers.version),
    rule(r"(?<![\w.,/-])(?P<v>)(?P<parts>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?!\w)(?!\.\d)", numbers.version),
    rule(rf"(?P<amount>{_SIGNED})(?: ?- ?(?P<to>{_N}))? ?(?P<unit>{units.UNIT})", units.measure),
    rule(r"(?P<before>\b(?:[Tt]hứ|[Hh]ạng) )(?P<rank>\d{1,9})(?![\d.,]?\d)", _ordinal),
    rule(r"(?<![\w./])(?:(?P<whole>\d{1,4}) {1,2})?(?P<above>\d{1,4})/(?P<below>\d{1,4})(?![\w/])(?!\.\d)", numbers.fraction),
    rule(
        r"(?P<before>\b(?:[Tt][ỷỉ] số|[Tt]hắng|[Tt]hua|[Hh]òa|[Hh]oà|[Dd]ẫn) )"
        r"(?P<ours>\d{1,2}) ?- ?(?P<theirs>\d{1,2})(?![\d-])",
        _score,
    ),
    rule(rf"(?<![\w-]){_B}(?P<low>{_N}) ?- ?(?P<high>{_N}){_E}(?![-\w])", _range),
    rule(rf"{_SIGNED}{_E}", lambda match: numbers.number(match[0])),
    rule(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,6}", numbers.power),
    rule(r"\d{1,16}", numbers.loose),
)

_WORDS: tuple[Rule, ...] = (
    rule(rf"(?<![\w.&])(?P<short>{_any_of(abbreviations.ABBREVIATIONS)})(?![\w&])", abbreviations.expand),
    rule(rf"(?<![\w.])(?:{_any_of(abbreviations.BEFORE_NAME)})(?= ?(?:\d|[A-ZĐ]\w))", abbreviations.before_name),
    rule(abbreviations.LIST_NUMERAL, abbreviations.list_numeral),
    rule(abbreviations.QUARTER, abbreviations.numeral),
    rule(abbreviations.RANKED, abbreviations.ranked),
    rule(abbreviations.NUMERAL, abbreviations.numeral),
    rule(abbreviations.LONE_NUMERAL, abbreviations.numeral),
    rule(abbreviations.ACRONYM, abbreviations.acronym),
)

_SYMBOLS: tuple[Rule, ...] = (
    rule(units.ALONE, units.name),
    rule(rf"(?<=[^\W\d_])/(?P<unit>{units.UNIT})", units.per),
    rule(r"(?<!\w)#(?=\d)", lambda match: "số "),
    rule(r"(?<=/\d\d\d\d) ?- ?(?=\d{1,2}/)", lambda match: " đến "),
    rule(r"(?<=\d) ?x ?(?=\d)|(?<=\w) (?:[<>!=]=|[<>]) (?=\w)|(?<=\d) [*-] (?=\d)", symbols.operator),
    rule(r"(?<![\w<>=-])(?:[<>]=?|~) ?(?=\d)", symbols.before_number),
    rule(r"(?<=\d):(?=\d)", lambda match: " trên "),
    rule(r"\^(?=-?\d)", lambda match: " mũ "),
    rule(
        r"(?<=[%đ₫$€])/(?=\w)|(?<=đồng)/(?=\w)|(?<=nghìn)/(?=\w)|(?<=triệu)/(?=\w)|(?<=[tT][ỷỉ])/(?=\w)", lambda match: " trên "
    ),
    rule(symbols.HASHTAG, lambda match: "hát tác "),
    rule(symbols.BETWEEN_WORDS, lambda match: ", "),
    rule(r"(?<=\d)/(?=\w)", lambda match: " trên "),
    rule(symbols.LONE, symbols.name),
)

RULES: tuple[Rule, ...] = (*_WEB, *_DATES, *_TIMES, *_MONEY, *_WORDS, *_NUMBERS, *_SYMBOLS)
