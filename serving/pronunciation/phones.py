"""Phones: what the bundled voice's tokens stand for, and the list of them all."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from serving.pronunciation import vietnamese

#: Between words.
SPACE = " "
#: Marks that are heard as pauses and melody, the one that is heard most first.
MARKS = "?!.—:;,"
#: misaki's American alphabet, which the lexicon and the rules of hibari-tts are written in. Each is one sound: A, I, O, W, Y
#: are the diphthongs of "day", "my", "go", "now" and "boy", T is the t of "water", ᵊ and ᵻ are weak vowels.
CONSONANTS = "bdfhjklmnpstvwzðŋɡɹʃʒʤʧθT"
STRESSABLE = "AIOWYiuæɑɔɛɜɪʊʌ"
WEAK = "əɐᵊᵻ"
PRIMARY, SECONDARY = "ˈ", "ˌ"
_STRESSES = PRIMARY + SECONDARY
#: What is left of the alphabet of other readers, by the nearest sound there is.
_FOLDED = {"ɾ": "T", "ʔ": "t", "a": "ɑ", "y": "i", "ʀ": "ɹ"}


@dataclasses.dataclass(frozen=True, slots=True)
class Phone:
    """token: an entry of `inventory()`. It speaks the characters [start, end) of the text as given."""

    token: str
    start: int
    end: int


def inventory() -> list[str]:
    """Every token that can occur, in a fixed order: the line number in vocab.txt is the token's number."""
    english = [*CONSONANTS, *WEAK, *STRESSABLE, *(stress + vowel for vowel in STRESSABLE for stress in _STRESSES)]
    return [SPACE, *MARKS, *(f"/{phone}/" for phone in english), *vietnamese.letters()]


def split(phonemes: str) -> list[str]:
    """A string in misaki's alphabet as tokens, a stress with the vowel after it, SPACE between words. Signs that stand for no
    sound are left out, and so is a stress on a vowel that cannot bear it."""
    tokens: list[str] = []
    stress = ""
    for sign in phonemes:
        sign = _FOLDED.get(sign, sign)
        if sign in _STRESSES:
            stress = sign
        elif sign in STRESSABLE:
            tokens.append(f"/{stress}{sign}/")
            stress = ""
        elif sign in WEAK or sign in CONSONANTS:
            tokens.append(f"/{sign}/")
            stress = "" if sign in WEAK else stress
        elif sign == SPACE and tokens and tokens[-1] != SPACE:
            tokens.append(SPACE)
            stress = ""
    return tokens[:-1] if tokens and tokens[-1] == SPACE else tokens


def spread(tokens: Sequence[str], spans: Sequence[tuple[int, int]]) -> Iterator[Phone]:
    """The tokens of a word in equal shares over its characters, whose spans in the text are given. A SPACE among them has no
    share of its own: it lies on the last character of the phone before it."""
    count, width = sum(1 for token in tokens if token != SPACE), len(spans)
    number = last = 0
    for token in tokens:
        if token == SPACE:
            yield Phone(token, *spans[last])
            continue
        first = number * width // count
        last = max(first, (number + 1) * width // count - 1)
        number += 1
        yield Phone(token, spans[first][0], spans[last][1])
