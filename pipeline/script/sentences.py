"""Sentences of English and Vietnamese text, each as it is written."""

from __future__ import annotations

import re

_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s+[\"'“‘«(\[]*[\w])")
_ADDRESS = re.compile(r"https?://|www\.")
#: After these a full stop ends no sentence. Compared in lower case, without the full stop.
_ABBREVIATIONS = frozenset(
    [
        *("mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "vs", "etc", "e.g", "i.e", "cf", "fig", "no", "vol", "pp", "ed"),
        *("approx", "dept", "est", "inc", "ltd", "co", "corp", "gen", "gov", "sen", "rep", "rev", "u.s", "u.k", "a.m", "p.m"),
        *(
            "tp",
            "ths",
            "ts",
            "pgs",
            "gs",
            "bs",
            "ks",
            "ths.bs",
            "pgs.ts",
            "gs.ts",
            "tr",
            "q",
            "p",
            "h",
            "tx",
            "đ",
            "v.v",
            "tcn",
            "scn",
        ),
    ]
)
#: These end a sentence all the same when a capital follows.
_MAY_END = frozenset(
    ["etc", "v.v", "a.m", "p.m", "co", "inc", "ltd", "corp", "no", "tcn", "scn", "u.s", "u.k", "p", "q", "h", "đ"]
)


def sentences_of(text: str) -> list[str]:
    """The sentences of one paragraph, in order; joined with spaces they are the paragraph again.

    A mark ends a sentence when white space and something other than a small letter follow, except after abbreviations
    ("Dr. Smith", "TP. Hồ Chí Minh"), initials ("J. K.") and the numbers of a list at the start of a sentence ("1. ").
    """
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if _ends(text[start : match.end()].strip(), text[match.end() :].lstrip(" \t\n\"'“‘«([")):
            sentences.append(text[start : match.end()].strip())
            start = match.end()
    rest = text[start:].strip()
    return [*sentences, rest] if rest else sentences


def _ends(sentence: str, following: str) -> bool:
    if following[:1].islower() and not _ADDRESS.match(following):
        return False
    bare = sentence.rstrip("\"'”’»)]")
    if not bare.endswith(".") or bare.endswith(".."):
        return True
    word = bare[:-1].rsplit(None, 1)[-1].lstrip("\"'“‘«([") if bare[:-1].strip() else ""
    alone = word == bare[:-1].strip()
    if alone and (word.isdigit() or len(word) == 1):
        return False
    if len(word) == 1 and word.isupper() and word != "I":
        return False
    lowered = word.lower()
    if lowered not in _ABBREVIATIONS:
        return True
    return lowered in _MAY_END and not word.isupper()


def parts_of(sentence: str, longest: int) -> list[str]:
    """`sentence` itself, or, if it has more than `longest` characters, parts of it that have not.

    It is parted after a comma, semicolon or colon in the second half of what fits, else at a space, else anywhere.
    """
    parts = []
    while len(sentence) > longest:
        fitting = sentence[:longest]
        marks = [match.end() for match in re.finditer(r"[,;:–—](?=\s)", fitting) if match.end() > longest // 2]
        cut = marks[-1] if marks else fitting.rfind(" ")
        cut = cut if cut > 0 else longest
        parts.append(sentence[:cut].strip())
        sentence = sentence[cut:].strip()
    return [*parts, sentence] if sentence else parts
