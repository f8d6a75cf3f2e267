"""How written English is read: one ordered list of rules."""

from __future__ import annotations

import re

from pipeline.speech.normalise import patterns, web
from pipeline.speech.normalise.english import abbreviations, dates, money, numbers, symbols, units
from pipeline.speech.normalise.rules import Rule, rule

_B, _E = patterns.NUMBER_BEGINS, patterns.NUMBER_ENDS
_N = numbers.NUMBER
_SIGNED = f"{patterns.SIGN}{_B}{_N}"
_HALF = r"(?P<half>[aApP]\.?[mM]\b)\.?"
_ADDRESS = web.reading(symbols.IN_ADDRESS, numbers.digits)


def _range(match: re.Match[str]) -> str:
    return f"{numbers.number(match['low'])} to {numbers.number(match['high'])}"


def _ordinal(match: re.Match[str]) -> str:
    return numbers.ordinal(int(match[1].replace(",", "")))


def _thousands(match: re.Match[str]) -> str:
    return f"{numbers.number(match[1])} thousand"


def _any_of(words: dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_WEB: tuple[Rule, ...] = (
    rule(web.URL, _ADDRESS, re.IGNORECASE),
    rule(web.EMAIL, _ADDRESS),
    rule(web.DOMAIN, _ADDRESS, re.IGNORECASE),
)

_DATES: tuple[Rule, ...] = (
    rule(
        r"(?<![\w-])(?P<year>\d{4})([-/])(?P<month>0[1-9]|1[0-2])\2(?P<day>[0-3]\d)"
        r"(?:[T ](?P<hour>[0-2]\d):(?P<minute>[0-5]\d)(?::[0-5]\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?(?![\w-])",
        dates.iso,
    ),
    rule(
        rf"\b(?P<month>{dates.MONTH}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?![.,:]\d)(?:,? (?P<year>[12]\d{{3}})\b(?![.,]\d))?",
        dates.month_day,
    ),
    rule(
        rf"{_B}\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month>{dates.MONTH})"
        r"(?:,? (?P<year>[12]\d{3})\b(?![.,]\d))?(?!\w)",
        dates.day_month,
    ),
    rule(rf"\b(?P<month>{dates.MONTH}),? (?P<year>[12]\d{{3}})\b(?![.,]\d)", dates.month_year),
    rule(r"\b(?:Jan|Feb|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\.(?= )", dates.short_month),
    rule(r"(?<![\w/])(?P<first>\d{1,2})([/.-])(?P<second>\d{1,2})\2(?P<year>[12]\d{3})(?![\w/])(?!\.\d)", dates.numeric),
    rule(r"(?<![\w/.])(?P<first>\d{1,2})/(?P<second>\d{1,2})/(?P<year>\d\d)(?![\w/])(?!\.\d)", dates.numeric),
    rule(r"(?<![\d.,-])(?P<first>1[1-9]\d\d|20\d\d) ?- ?(?P<last>(?:1[1-9]|20)?\d\d)(?![\d,-])(?!\.\d)", dates.year_range),
    rule(r"(?<!\w)'?(?P<century>1[1-9]|20)?(?P<tens>[0-9]0)'?s\b", dates.decade),
    rule(
        rf"(?P<before>{dates.YEAR_COMES})(?P<year>1\d{{3}}|20\d\d)\b(?![.,]?\d| ?- ?\d)(?!%){dates.NOT_COUNTED}",
        dates.year_alone,
    ),
    rule(r"(?<=Q[1-4])(?P<before> )(?P<year>20\d\d)\b", dates.year_alone),
    rule(r"(?P<before>\()(?P<year>1[5-9]\d\d|20\d\d)(?=[),;])", dates.year_alone),
)

_TIMES: tuple[Rule, ...] = (
    rule(
        rf"(?<![\w:.,])(?P<hour>{patterns.CLOCK}):(?P<minute>{patterns.MINUTES}) ?- ?"
        rf"(?P<to_hour>{patterns.CLOCK}):(?P<to_minute>{patterns.MINUTES})(?![\w:])(?: ?{_HALF})?",
        dates.time_range,
    ),
    rule(
        rf"(?<![\w:.,])(?P<hour>{patterns.CLOCK}):(?P<minute>{patterns.MINUTES})(?::(?P<second>{patterns.MINUTES}))?"
        rf"(?: ?{_HALF})?(?![\w:])",
        dates.time,
    ),
    rule(rf"(?<![\w:.,])(?P<hour>1[0-2]|0?[1-9])(?P<minute>)(?P<second>)? ?{_HALF}(?!\w)", dates.time),
    # 10am-5pm: what stands on either side is read by the rule before.
    rule(r"(?:(?<=\d[aApP][mM])|(?<=[ap]\.m\.)) ?- ?(?=\d)", lambda match: " to "),
)

_MONEY: tuple[Rule, ...] = (
    rule(
        rf"(?<![\w$])(?P<currency>{money.SIGNS}) ?(?:(?P<from>{_N}) ?- ?[$€£]?)?(?P<amount>{_N}){_E}"
        rf"(?: ?(?P<scale>{money.SCALE}))?",
        money.amount,
    ),
    rule(rf"\b(?P<currency>{money.CODES}) (?P<amount>{_N}){_E}(?: (?P<scale>{money.SCALE}))?", money.amount),
    rule(
        rf"{_B}(?<!\w)(?:(?P<from>{_N}) ?- ?)?(?P<amount>{_N})(?: ?(?P<scale>{money.SCALE}))?"
        rf" ?(?P<currency>{money.CODES}\b|[€£₫])(?!\w)",
        money.amount,
    ),
)

_NUMBERS: tuple[Rule, ...] = (
    rule(r"(?<![\w+])\+\d{1,3}(?:[ .-]?\(?\d{2,4}\)?){2,5}(?!\w)", numbers.phone),
    rule(r"(?<![\w(])\(\d{3}\) ?\d{3}[-.]\d{4}\b", numbers.phone),
    rule(r"(?<![\w.-])(?:1-)?\d{3}[-.]\d{3}[-.]\d{4}(?![\w-])", numbers.phone),
    rule(r"(?<![\w.,/-])(?P<v>[vV](?=\d))?(?P<parts>\d{1,5}(?:\.\d{1,5}){2,5})(?!\w)(?!\.\d)", numbers.version),
    rule(r"(?<![\w.,/-])(?P<v>[vV])(?P<parts>\d{1,5}(?:\.\d{1,5}){0,1})(?!\w)(?!\.\d)", numbers.version),
    rule(r"(?<![\w/])24/7(?![\w/])", lambda match: "twenty-four seven"),
    rule(rf"(?P<amount>{_SIGNED})(?: ?- ?(?P<to>{_N}))? ?(?P<unit>{units.UNIT})", units.measure),
    rule(rf"(?<!\w){_B}({_N})[kK](?!\w)", _thousands),
    rule(rf"{_B}(\d{{1,3}}(?:,\d{{3}}){{1,4}}|\d{{1,9}})(?:st|nd|rd|th)\b", _ordinal),
    rule(r"(?<![\w./])(?:(?P<whole>\d{1,4}) {1,2})?(?P<above>\d{1,4})/(?P<below>\d{1,4})(?![\w/])(?!\.\d)", numbers.fraction),
    rule(rf"(?<![\w-]){_B}(?P<low>{_N}) ?- ?(?P<high>{_N}){_E}(?![-\w]| ?=)", _range),
    rule(rf"{_SIGNED}{_E}", lambda match: numbers.number(match[0])),
    rule(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,6}", numbers.power),
    rule(r"\d{1,16}", numbers.loose),
)

_WORDS: tuple[Rule, ...] = (
    rule(rf"(?<![\w.])(?P<short>{_any_of(abbreviations.ABBREVIATIONS)})(?!\w)", abbreviations.expand),
    rule(
        rf"(?<![\w.])(?:{_any_of(abbreviations.BEFORE_NUMBER)})(?= ?\d)|(?<![\w.])St\.(?= [A-Z])", abbreviations.before_number
    ),
    rule(abbreviations.STREET, abbreviations.street),
    rule(abbreviations.LIST_NUMERAL, abbreviations.list_numeral),
    rule(abbreviations.NUMERAL, abbreviations.numeral),
    rule(abbreviations.RULER, abbreviations.ruler),
    rule(abbreviations.CENTURY, abbreviations.century),
    rule(abbreviations.LONE_NUMERAL, abbreviations.numeral),
    rule(abbreviations.ACRONYM, abbreviations.acronym),
)

_SYMBOLS: tuple[Rule, ...] = (
    rule(r"(?<!\w)#(\d{1,9})\b", abbreviations.numbered),
    rule(r"(?<=/\d\d\d\d) ?- ?(?=\d{1,2}/)", lambda match: " to "),
    rule(r"(?<=\d) ?x ?(?=\d)|(?<=\w) (?:[<>!=]=|[<>]) (?=\w)|(?<=\d) [*-] (?=\d)", symbols.operator),
    rule(r"(?<![\w<>=-])(?:[<>]=?|~) ?(?=\d)", symbols.before_number),
    rule(r"(?<=\d):(?=\d)", lambda match: " to "),
    rule(r"\^(?=-?\d)", lambda match: " to the power of "),
    rule(rf"(?<=[\d%kKMB€])/(?={symbols.PERIOD}\b)", lambda match: " per "),
    rule(units.ALONE, units.name),
    rule(symbols.HASHTAG, lambda match: "hashtag"),
    rule(symbols.BETWEEN_WORDS, symbols.name),
    rule(symbols.LONE, symbols.name),
)

RULES: tuple[Rule, ...] = (*_WEB, *_DATES, *_TIMES, *_MONEY, *_WORDS, *_NUMBERS, *_SYMBOLS)
