"""English abbreviations, acronyms and Roman numerals."""

from __future__ import annotations

import re

from pipeline.speech.normalise import roman
from pipeline.speech.normalise.english.numbers import cardinal, number, ordinal

#: Read as the words they stand for, wherever they stand. The dot belongs to the abbreviation.
ABBREVIATIONS = {
    "Mr.": "Mister",
    "Mrs.": "Missus",
    "Ms.": "Miz",
    "Dr.": "Doctor",
    "Prof.": "Professor",
    "Sr.": "Senior",
    "Jr.": "Junior",
    "Gen.": "General",
    "Col.": "Colonel",
    "Capt.": "Captain",
    "Lt.": "Lieutenant",
    "Sgt.": "Sergeant",
    "Rev.": "Reverend",
    "Hon.": "Honorable",
    "Gov.": "Governor",
    "Sen.": "Senator",
    "Rep.": "Representative",
    "Mt.": "Mount",
    "Ft.": "Fort",
    "Ave.": "Avenue",
    "Blvd.": "Boulevard",
    "Rd.": "Road",
    "Dept.": "Department",
    "Univ.": "University",
    "Inc.": "Incorporated",
    "Ltd.": "Limited",
    "Corp.": "Corporation",
    "Co.": "Company",
    "Bros.": "Brothers",
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "cf.": "compare",
    "et al.": "and others",
    "approx.": "approximately",
    "est.": "established",
    "dept.": "department",
    "w/o": "without",
    "w/": "with",
    "a.m.": "A M",
    "p.m.": "P M",
}
#: Stand before a number or a name only.
BEFORE_NUMBER = {
    "No.": "number",
    "no.": "number",
    "Nos.": "numbers",
    "Fig.": "Figure",
    "fig.": "figure",
    "Vol.": "Volume",
    "vol.": "volume",
    "Ch.": "Chapter",
    "ch.": "chapter",
    "Sec.": "Section",
    "Eq.": "Equation",
    "pp.": "pages",
    "p.": "page",
    "St.": "Saint",
}
_SPELLED = (
    "AC AI AMD API APIs AWS BBC CD CEO CFO CIA CLI CNN CPU CPUs CSS CSV CTO DB DC DNA DNS DVD EU FAQ FBI GDP GMT GPS GPU GPUs "
    "GUI HDMI HIV HR HTML HTTP HTTPS IBM ICU ID IDE IMF IOS IP IQ IRS ISBN ISO IT ITU JS JSON LCD LED LLM LLMs MBA MIT ML MP "
    "MRI NBA NFL NGO NLP NYC OECD OS PC PCs PDF PDFs PHP PR QA RNA SDK SMS SQL SSD SSH SSL TTS TV TVs UAE UFO UI UK UN URL "
    "URLs US USA USB UTC UX VAT VIP VPN WHO WTO WWW XML YAML"
)
#: Said letter by letter even in a headline of capitals.
SPELLED = set(_SPELLED.split()) - {"JSON", "YAML", "IOS"}
#: Said as words although they look like letters.
SAID = set(
    "NASA NATO UNESCO UNICEF ASEAN OPEC COVID AIDS LASER RADAR FIFA UEFA IKEA RAM ROM PIN SIM GIF JPEG SWAT SCUBA JSON YAML "
    "CAPTCHA WASP NASDAQ ASCII GUID CUDA REST SOAP LAN WAN VAR DOS MAC MAX MIN NEW OLD THE AND FOR NOT YES BUT ALL ONE TWO "
    "ARE CAN GET HAS HAD HIM HER HIS HOW NOW OUR OUT OWN SAY SEE SHE TOP TRY USE WAS WAY WHY YOU ANY BIG DAY END FEW LET MAY "
    "MEN SET TEN TOO OFF NO ON OF TO IN IS AS AT BE BY DO GO HE IF ME MY OR SO UP WE AN AM OH".split()
)
ACRONYM = r"(?<![\w'.])(?:[A-Z]{2,6}s?|(?:[A-Z]\.){2,6})(?![\w])"
_SHOUTED = re.compile(r"[A-Z]*[AEIOUY][A-Z]*")

ROMAN_AFTER = (
    r"(?:Chapter|Part|Section|Volume|Vol\.|Book|Act|Scene|Article|Appendix|Figure|Table|Title|Unit|Lesson|Phase|Type|Class|"
    r"Level|Stage|Grade|Round|War|Bowl|Mark|Category|Group|Model|Series|Schedule|Annex)"
)
_RULERS = (
    r"(?:Henry|Louis|Charles|Elizabeth|George|Edward|James|William|Richard|Philip|Napoleon|Benedict|Paul|Pius|Leo|Francis|"
    r"Frederick|Catherine|Nicholas|Alexander|Peter|Victoria|Mary|Ramses|Ptolemy|Gregory|Innocent|Urban|Clement)"
)
RULER = rf"(?P<name>\b{_RULERS}) (?P<roman>[IVXL]{{1,7}})\b(?!['’])"
NUMERAL = rf"(?P<name>\b{ROMAN_AFTER}) (?P<roman>[IVXLCDM]{{1,9}})\b(?!['’.]\w)"
CENTURY = r"\b(?P<roman>[IVX]{1,5})(?:th)? (?P<name>[Cc]entury)\b"
LONE_NUMERAL = r"(?P<name>\b[A-Z][a-z]{1,20}) (?P<roman>[IVX]{2,6})\b"


def expand(match: re.Match[str]) -> str | None:
    """An abbreviation as its words; where it ends a sentence its dot stays."""
    words = ABBREVIATIONS.get(match["short"]) or ABBREVIATIONS.get(match["short"].lower())
    if words is None:
        return None
    ends_sentence = match["short"].endswith(".") and not match.string[match.end() : match.end() + 3].strip("\"') \n")
    return f"{words}." if ends_sentence else words


def before_number(match: re.Match[str]) -> str:
    return BEFORE_NUMBER[match[0]]


def numeral(match: re.Match[str]) -> str | None:
    """Chapter IV -> Chapter four."""
    value = roman.value(match["roman"])
    return None if value is None else f"{match['name']} {cardinal(value)}"


def ruler(match: re.Match[str]) -> str | None:
    """Henry VIII -> Henry the eighth."""
    value = roman.value(match["roman"])
    return None if value is None else f"{match['name']} the {ordinal(value)}"


def century(match: re.Match[str]) -> str | None:
    value = roman.value(match["roman"])
    return None if value is None else f"{ordinal(value)} {match['name']}"


def acronym(match: re.Match[str]) -> str | None:
    """API -> A P I, U.S. -> U S; NASA and words shouted in capitals stay words."""
    written = match[0]
    if "." in written:
        ends_sentence = not match.string[match.end() : match.end() + 3].strip("\"') \n")
        return " ".join(written.replace(".", "")) + ("." if ends_sentence else "")
    bare = written.removesuffix("s") if written[-1] == "s" else written
    if written not in SPELLED and bare not in SPELLED:
        has_vowel = any(letter in "AEIOUY" for letter in bare)
        if bare in SAID or (has_vowel and (len(bare) > 3 or _among_shouting(match))):
            return None
    letters = " ".join(bare)
    return f"{letters}'s" if written[-1] == "s" else letters


def _among_shouting(match: re.Match[str]) -> bool:
    """Does a neighbouring word stand in capitals too?"""
    before = match.string[max(0, match.start() - 30) : match.start()].split()
    after = match.string[match.end() : match.end() + 30].split()
    beside = [word.strip(".,;:!?\"'()") for word in (*before[-1:], *after[:1])]
    return any(len(word) > 3 and _SHOUTED.fullmatch(word) for word in beside)


def numbered(match: re.Match[str]) -> str:
    """#1 -> number one."""
    return f"number {number(match[1])}"
