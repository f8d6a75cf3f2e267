"""English abbreviations, acronyms and Roman numerals."""

from __future__ import annotations

import re

from pipeline.speech.normalise import roman
from pipeline.speech.normalise.acronyms import is_spelled
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
    "E.g.": "For example",
    "I.e.": "That is",
    "etc.": "et cetera",
    "vs.": "versus",
    "vs": "versus",
    "cf.": "compare",
    "et al.": "and others",
    "approx.": "approximately",
    "est.": "established",
    "dept.": "department",
    "w/o": "without",
    "w/": "with",
    "Ph.D.": "P H D",
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
ACRONYM = r"(?<![\w'.])(?:[A-Z]{2,6}s?(?![^\W\d_]|'[A-Z])|(?:[A-Z]\.){2,6}(?!\w))"

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
#: Before a name it is a saint's: "Mount St. Helens".
STREET = r"(?<=[a-z] )St\.(?! [A-Z]|\w)"
#: "II. Methods". A single letter there is more often a name's: "V. Woolf".
LIST_NUMERAL = r"\A(?P<roman>[IVX]{2,5})(?=\. \S)"
CENTURY = r"\b(?P<roman>[IVX]{1,5})(?:th)? (?P<name>[Cc]entury)\b"
LONE_NUMERAL = r"(?P<name>\b[A-Z][a-z]{1,20}) (?P<roman>[IVX]{2,6})\b"


def expand(match: re.Match[str]) -> str:
    """An abbreviation as its words; where it ends a sentence its dot stays."""
    words = ABBREVIATIONS[match["short"]]
    return f"{words}." if match["short"].endswith(".") and _ends_sentence(match) else words


def street(match: re.Match[str]) -> str:
    """10 Main St. -> ten Main Street."""
    return "Street." if _ends_sentence(match) else "Street"


def _ends_sentence(match: re.Match[str]) -> bool:
    return not match.string[match.end() : match.end() + 3].strip("\"') \n")


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


def list_numeral(match: re.Match[str]) -> str | None:
    """II. Methods -> two. Methods."""
    value = roman.value(match["roman"])
    return None if value is None else cardinal(value)


def century(match: re.Match[str]) -> str | None:
    value = roman.value(match["roman"])
    return None if value is None else f"{ordinal(value)} {match['name']}"


def acronym(match: re.Match[str]) -> str | None:
    """API -> A P I, U.S. -> U S; NASA and words shouted in capitals stay words."""
    written = match[0]
    if "." in written:
        return " ".join(written.replace(".", "")) + ("." if _ends_sentence(match) else "")
    if not is_spelled(match):
        return None
    letters = " ".join(written.removesuffix("s"))
    return f"{letters}'s" if written[-1] == "s" else letters


def numbered(match: re.Match[str]) -> str:
    """#1 -> number one."""
    return f"number {number(match[1])}"
