"""How long a text takes to be spoken, from how long the reference took: syllables, not bytes.

Published F5-TTS shares out the reference's time by bytes of UTF-8. A Vietnamese or Chinese letter then counts two or three
times, punctuation counts like letters, and silence in the reference makes speech slow. docs/quality.md has both errors.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata

#: Weight in syllables. Vietnamese takes about one time a syllable however it is built, English takes it by its consonants;
#: a word whose one group of vowels bears a mark is taken for the former. Fitted to an earlier bundled model of durations over
#: texts in both languages, and rounded.
MARKED, VOWELS, CONSONANT = 1.0, 0.6, 0.16
#: Of one character where a script does not show its syllables in this way.
HAN, KANA, DIGIT, SIGN, OTHER_LETTER = 1.0, 0.55, 1.3, 1.5, 0.4
#: Of the pause at a mark inside the text.
CLAUSE, SENTENCE = 0.85, 1.2
#: Syllables a second. Nobody who reads aloud is slower or faster; a reference beyond has another text than its sound.
SLOWEST, USUAL, FASTEST = 2.0, 4.5, 9.0

_PARTS = re.compile(
    r"(?P<word>[^\W\d_]+)|(?P<digit>\d)|(?P<sentence>[.!?…。！？]+)|(?P<clause>[,;:，、；：]|(?<=\s)[-–—](?=\s))"
    r"|(?P<sign>[%&@#+=$€£¥₫°‰])"
)
_VOWELS = re.compile("[aeiouyæœøı]+")
#: Several letters for one consonant.
_CONSONANTS = re.compile(r"ngh|n[gh]|[cgkpstw]h|ck|tr|([b-df-hj-np-tv-xz])\1|[^aeiouyæœøı]")
#: Letters of English endings that are written and not spoken: a last "e", and the one in "-ed" and "-es".
_MUTE = re.compile(r"(?:[^aeiouyl]e|[aeiouy]le|[^aeiouytd]ed|[^aeiouyscxzgh]es)$")


@dataclasses.dataclass(frozen=True)
class Weight:
    """Syllables of a text, and of the pauses at the marks inside it. The mark at the very end is no pause."""

    spoken: float
    paused: float

    @property
    def whole(self) -> float:
        return self.spoken + self.paused


def weigh(text: str) -> Weight:
    """The weight of a text in any language and script; a text without letters, digits or signs has none."""
    spoken = paused = waiting = 0.0
    for part in _PARTS.finditer(unicodedata.normalize("NFC", text)):
        if part.lastgroup in ("clause", "sentence"):
            waiting = max(waiting, CLAUSE if part.lastgroup == "clause" else SENTENCE) if spoken else 0.0
            continue
        spoken, paused, waiting = spoken + _syllables(part), paused + waiting, 0.0
    return Weight(spoken, paused)


def _syllables(part: re.Match[str]) -> float:
    if part.lastgroup == "digit":
        return DIGIT
    return SIGN if part.lastgroup == "sign" else _word(part[0])


def _word(word: str) -> float:
    """Vowel groups and consonants of Latin letters, each other letter by itself."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(letter))
    latin = "".join(letter for letter in bare if letter < "ɐ")
    others = sum(map(_letter, word)) if len(latin) < len(bare) else 0.0
    return others + _latin(latin, marked=not word.isascii()) if latin else others


def _latin(word: str, marked: bool) -> float:
    groups = len(_VOWELS.findall(word))
    if marked and groups == 1:
        return MARKED
    mute = groups > 1 and not marked and _MUTE.search(word) is not None
    return VOWELS * max(1, groups - mute) + CONSONANT * len(_CONSONANTS.findall(word))


def _letter(letter: str) -> float:
    """Of a letter that is not Latin; 0 for one that is, which was counted before."""
    if letter < "ɐ" or "\u1e00" <= letter <= "\u1eff" or unicodedata.combining(letter):
        return 0.0
    if "\u3040" <= letter <= "\u30ff":
        return KANA
    is_syllable = "\u3400" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7a3" or letter >= "\U00020000"
    return HAN if is_syllable else OTHER_LETTER


def plausible(seconds: float, text: str) -> bool:
    """Whether anybody could have spoken `text` in so many seconds of speech."""
    syllables = weigh(text).spoken
    return seconds * SLOWEST <= syllables <= seconds * FASTEST
