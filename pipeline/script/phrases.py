"""Key phrases: the runs of words between stop words and marks that say best what a text is about."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter

from pipeline.script.words import WORD, content_words, stop_words

LONGEST_PHRASE = 40
MOST_WORDS = {"en": 3, "vi": 6}

_NUMERIC = re.compile(r"[\d.,:/%\s]+")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[^\s@]+@[^\s@]+\.\S+")
_WITHIN_NAMES = frozenset(["of", "de", "la", "du", "van", "von", "the", "for"])
_WEAK_END = re.compile(r"(?:ly|ed)$")


@dataclasses.dataclass(frozen=True)
class _Candidate:
    text: str
    words: tuple[str, ...]
    position: int
    cut: bool


class PhraseWeights:
    """How much each word of a document counts: the more often and the more beside other words, the more."""

    def __init__(self, text: str, language: str):
        self.language = language
        self._counts = Counter(content_words(text, language))

    def key_phrases(self, text: str, most: int, apart_from: str = "") -> tuple[str, ...]:
        """At most `most` phrases of `text`, as written and in the order in which they stand, best ones chosen.

        None is longer than 40 characters, none holds another, none lies within `apart_from` (a title).
        """
        candidates = sorted(_candidates(text, self.language), key=lambda found: (-self._weight(found, text), found.position))
        chosen: list[_Candidate] = []
        for candidate in candidates:
            if len(chosen) == most:
                break
            others = [apart_from, *(other.text for other in chosen)] if apart_from else [other.text for other in chosen]
            if not any(_overlap(candidate.text, other) for other in others):
                chosen.append(candidate)
        return tuple(candidate.text for candidate in sorted(chosen, key=lambda found: found.position))

    def _weight(self, candidate: _Candidate, text: str) -> float:
        counts = [self._counts[word] for word in candidate.words if any(character.isalpha() for character in word)]
        weight = sum(count**0.5 for count in counts) / len(candidate.words) ** 0.35
        if (
            candidate.position > 0
            and candidate.text[0].isupper()
            and text[candidate.position - 2 : candidate.position - 1] not in ".!?…"
        ):
            weight *= 1.4  # a name
        if self.language == "en" and _WEAK_END.search(candidate.words[-1]):
            weight *= 0.5
        if len(candidate.words) == 1:
            weight *= 0.55 if self.language == "en" else 0.3
        if candidate.cut:
            weight *= 0.6  # words that belong to it were left off
        return weight / (1 + candidate.position / 2000)


def _candidates(text: str, language: str) -> list[_Candidate]:
    """Every run between stop words and marks, and the parts of those that are too long."""
    stops = stop_words(language)
    matches = list(WORD.finditer(_ADDRESS.sub(lambda match: "|" * len(match[0]), text)))
    words = [match[0].lower().replace("’", "'") for match in matches]
    names = _names(text, matches, words, language)
    runs: list[list[int]] = [[]]
    position = 0
    while position < len(words):
        stop = stops.length_at(words, position)
        parted = position > 0 and text[matches[position - 1].end() : matches[position].start()].strip(" ") != ""
        if stop or parted:
            runs.append([])
        if not stop:
            runs[-1].append(position)
        position += stop or 1
    found = []
    named = {number for name in names for number in name}
    most = MOST_WORDS[language]
    parts = [part for run in runs for part in _parted(run, named)]
    pieces = [(piece, len(part) > most) for part in parts for piece in _pieces(part, most)]
    for piece, cut in [(name, False) for name in names] + pieces:
        start, end = matches[piece[0]].start(), matches[piece[-1]].end()
        found.append(_Candidate(text[start:end], tuple(words[number] for number in piece), start, cut))
    return [candidate for candidate in found if _worth_showing(candidate)]


def _names(text: str, matches: list[re.Match[str]], words: list[str], language: str) -> list[list[int]]:
    """Runs of two or more capitalised words, small words between them included ("Library of Congress")."""
    stops = stop_words(language)
    capital = [match[0][0].isupper() and not stops.length_at(words, number) for number, match in enumerate(matches)]
    names: list[list[int]] = []
    position = 0
    while position < len(matches):
        end = position
        if capital[position]:
            end = _name_end(text, matches, words, capital, position)
        if sum(capital[position : end + 1]) > 1 and matches[end].end() - matches[position].start() <= LONGEST_PHRASE:
            names.append(list(range(position, end + 1)))
        position = end + 1
    return names


def _name_end(text: str, matches: list[re.Match[str]], words: list[str], capital: list[bool], start: int) -> int:
    """The number of the last word of the name that begins at word `start`."""
    last, position = start, start + 1
    while position < len(matches) and text[matches[position - 1].end() : matches[position].start()] == " ":
        if capital[position]:
            last = position
        elif words[position] not in _WITHIN_NAMES or position - last > 2:
            break
        position += 1
    return last


def _parted(run: list[int], named: set[int]) -> list[list[int]]:
    """The stretches of a run that lie outside of every name."""
    parts: list[list[int]] = [[]]
    for number in run:
        if number in named:
            parts.append([])
        else:
            parts[-1].append(number)
    return [part for part in parts if part]


def _pieces(run: list[int], most: int) -> list[list[int]]:
    """The run itself, or all its windows of `most` words when it is longer."""
    if len(run) <= most:
        return [run] if run else []
    return [run[start : start + most] for start in range(len(run) - most + 1)]


def _worth_showing(candidate: _Candidate) -> bool:
    text = candidate.text
    letters = sum(character.isalpha() for character in text)
    return 3 <= len(text) <= LONGEST_PHRASE and letters >= 3 and not _NUMERIC.fullmatch(text) and "\n" not in text


def _overlap(one: str, other: str) -> bool:
    """Whether one holds the other, or more than half of the shorter one's words are in both."""
    a, b = one.lower(), other.lower()
    if a in b or b in a:
        return True
    ours, theirs = set(a.split()), set(b.split())
    return 2 * len(ours & theirs) > min(len(ours), len(theirs))
