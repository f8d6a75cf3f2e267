"""Written text -> the words a voice says for it, with the place of each in the original."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.speech.model import Span
from pipeline.speech.normalise import english, vietnamese
from pipeline.speech.normalise.clean import clean
from pipeline.speech.normalise.rules import replacements
from pipeline.speech.normalise.spoken import SpokenText

_RULES = {"en": english.RULES, "vi": vietnamese.RULES}


class Normalised(NamedTuple):
    """`spans` cover `spoken` in order, without gaps or overlaps; their original offsets never fall."""

    spoken: str
    spans: tuple[Span, ...]


def normalise(text: str, language: str) -> Normalised:
    """Read numbers, dates, money, units, abbreviations ... as words of `language` ("vi" or "en").

    The result holds letters, spaces and .,;:!?'"()- only, no digit. Words no rule knows, foreign ones too, are kept.
    Linear in the text's length; raises only ValueError, for a language it does not know.
    """
    if language not in _RULES:
        raise ValueError(f"no reading rules for the language {language!r}; there are 'vi' and 'en'")
    source = clean(text)
    spoken = SpokenText()
    position = 0
    for found in replacements(source.text, _RULES[language]):
        for index in range(position, found.start):
            spoken.keep(source.text[index], source.starts[index], source.ends[index])
        spoken.read(found.spoken, source.starts[found.start], source.ends[found.end - 1])
        position = found.end
    for index in range(position, len(source.text)):
        spoken.keep(source.text[index], source.starts[index], source.ends[index])
    return Normalised(*spoken.finish())
