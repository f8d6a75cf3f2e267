"""Which words in capitals are said letter by letter: API is, NASA and SHOUTING are not."""

from __future__ import annotations

import re

_LETTERS = """
AC AI AMD API APIs ATM AWS BBC CD CEO CFO CIA CLI CNN CPU CPUs CSS CSV CTO DB DC DIY DNA DNS DVD EU FAQ FAQs FBI GDP GMT
GPS GPU GPUs GUI HDMI HIV HR HTML HTTP HTTPS IBM ICU ID IDs IDE IMF IP IQ IRS ISBN ISO IT ITU JS LCD LED LLM LLMs MBA
MIT ML MP MRI NBA NFL NGO NGOs NLP NYC OECD OS PC PCs PDF PDFs PHP PR QA QR RNA SDK SMS SQL SSD SSH SSL TTS TV TVs UAE
UFO UI UK UN URL URLs US USA USB UTC UX VAT VIP VPN WHO WTO WWW XML KPI KPIs ODA FDI CPI VCCI VTV VOV EVN FPT VNPT AFF
AFC
"""
_WORDS = """
NASA NATO IELTS TOEFL UNESCO UNICEF ASEAN OPEC COVID AIDS LASER RADAR FIFA UEFA IKEA RAM ROM PIN SIM GIF JPEG SWAT SCUBA
JSON YAML CAPTCHA ZIP RON NASDAQ ASCII GUID CUDA REST SOAP SEA LAN WAN VAR DOS MAC MAX MIN NEW OLD THE AND FOR NOT YES BUT
ALL ONE TWO ARE CAN GET HAS HAD HIM HER HIS HOW NOW OUR OUT OWN SAY SEE SHE TOP TRY USE WAS WAY WHY YOU ANY BIG DAY END
FEW LET MAY MEN SET TEN TOO OFF NO ON OF TO IN IS AS AT BE BY DO GO HE IF ME MY OR SO UP WE AN AM OH
"""
#: Said letter by letter even in a headline of capitals.
SPELLED = frozenset(_LETTERS.split())
#: Said as words although they look like letters.
SAID = frozenset(_WORDS.split())
_VOWELS = frozenset("AEIOUYĂÂÊÔƠƯ")
#: Longer ones that have a vowel are said as words.
_LONGEST = 3


def is_spelled(match: re.Match[str]) -> bool:
    """`match` is a word in capitals (perhaps with a plural s); its neighbours tell whether all is in capitals."""
    written = match[0]
    bare = written.removesuffix("s")
    if written in SPELLED or bare in SPELLED:
        return True
    if bare in SAID:
        return False
    return _VOWELS.isdisjoint(bare) or (len(bare) <= _LONGEST and not _among_capitals(match))


def _among_capitals(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 30) : match.start()].split()
    after = match.string[match.end() : match.end() + 30].split()
    beside = (word.strip(".,;:!?\"'()-") for word in (*before[-1:], *after[:1]))
    return any(
        len(word) > 1 and word.isupper() and word.isalpha() and not _is_clear(word) and word not in SPELLED for word in beside
    )


def _is_clear(word: str) -> bool:
    """Letters without a vowel are an abbreviation wherever they stand, and say nothing about their neighbours."""
    return all(letter in "BCDĐFGHJKLMNPQRSTVWXZ" for letter in word)
