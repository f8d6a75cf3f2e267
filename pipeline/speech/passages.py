"""Splits a text into the passages that are spoken in one piece each."""

from __future__ import annotations

import bisect
import dataclasses
import math
import re
from collections.abc import Iterator

from pipeline.speech.model import Passage, Span
from pipeline.speech.normalise import normalise
from pipeline.speech.sentences import Sentence, sentences

#: Characters of spoken text in a passage, and syllables for each character that it may have: 45 in 200, 12 to 15 seconds.
#: Voices are trained on 30 s with their reference, which is at most 12; so even a slow one has room for a passage.
MAX_CHARACTERS = 200
MAX_SYLLABLES = 45 / 200
SENTENCE_PAUSE = 0.35
PARAGRAPH_PAUSE = 0.7
CLAUSE_PAUSE = 0.12

#: Where a long sentence may be cut, best first: the cut lies after the match.
_CUTS = (
    re.compile(r"[.!?;:]+[)\"']?(?= )"),
    re.compile(r",(?= )|(?<= )-(?= )"),
    re.compile(r" (?=(?:and|or|but|nor|because|which|that|while|when|where|và|hoặc|hay|nhưng|mà|thì|rằng|vì|nên|khi|nếu|để) )"),
    re.compile(r" "),
)
#: How much worse each kind of cut is than the one before it, in passage lengths away from the wished place.
_COSTS = (0.0, 0.1, 0.35, 1.0)
#: A word with the space after it, or what lies between words.
_TOKENS = re.compile(r"[^\W\d_]+ ?|[\W\d_]")
#: From this letter on (kana, Han, Hangul) each is a syllable, and stands for a word here.
_SYLLABIC = "\u3040"
_WORDS = re.compile(rf"[{_SYLLABIC}-\U0003ffff]|(?:(?![{_SYLLABIC}-\U0003ffff])[^\W\d_])+")
#: Letters for each syllable of a long word.
_LETTERS = 3.3
#: A cut makes no piece shorter than this part of the longest allowed.
_SHORTEST = 0.3


def speakable(text: str, language: str) -> bool:
    """Is there anything in the text a voice can say?"""
    return any(_has_letter(normalise(text[one.start : one.end], language).spoken) for one in sentences(text))


def split(text: str, language: str, max_characters: int = MAX_CHARACTERS) -> list[Passage]:
    """The passages of `text`, in order; [] when there is nothing to speak.

    A passage is a sentence, or a part of one whose spoken form has more than `max_characters`, or syllables for 45 in 200
    of them. It is cut at the best clause mark, else at a space, inside a word only when the word alone is too long.
    Sentences without any speakable character make no passage and take no sentence number.
    """
    if max_characters < 10:
        raise ValueError("max_characters must be 10 or more")
    passages: list[Passage] = []
    number = 0
    for sentence in sentences(text):
        pieces = list(_pieces(text, sentence, language, number, max_characters))
        passages += pieces
        number += bool(pieces)
    if passages:
        passages[-1] = _with_pause(passages[-1], 0.0)
    return passages


def _pieces(text: str, sentence: Sentence, language: str, number: int, most: int) -> Iterator[Passage]:
    spoken, spans = normalise(text[sentence.start : sentence.end], language)
    stretches = [(start, end) for start, end in _cut(spoken, most) if _has_letter(spoken[start:end])]
    after = PARAGRAPH_PAUSE if sentence.ends_paragraph else SENTENCE_PAUSE
    span_index = 0
    begins = sentence.start
    for index, (start, end) in enumerate(stretches):
        last = index == len(stretches) - 1
        while spans[span_index].end <= start:
            span_index += 1
        inside = tuple(_spans_within(spans, span_index, start, end, sentence.start))
        ends = sentence.end if last else max(begins, inside[-1].original_end)
        clipped = tuple(_clipped(span, begins, ends) for span in inside)
        first = begins if index == 0 else clipped[0].original_start
        yield Passage(first, ends, spoken[start:end], clipped, number, after if last else CLAUSE_PAUSE)
        begins = ends


def _spans_within(spans: tuple[Span, ...], index: int, start: int, end: int, offset: int) -> Iterator[Span]:
    """The spans of spoken[start:end], counted from `start`, with absolute offsets into the original."""
    while index < len(spans) and spans[index].start < end:
        span = spans[index]
        first, last = max(span.start, start), min(span.end, end)
        length, original = span.end - span.start, span.original_end - span.original_start
        # A reading that is cut through (a very long address) shares its original among the pieces.
        original_first = span.original_start + (first - span.start) * original // length
        original_last = span.original_start + (last - span.start) * original // length
        yield Span(first - start, last - start, original_first + offset, original_last + offset)
        index += 1


def _clipped(span: Span, begins: int, ends: int) -> Span:
    """The span with its original inside the passage: a space between two readings stands for both, and a cut parts them."""
    return dataclasses.replace(
        span,
        original_start=min(max(span.original_start, begins), ends),
        original_end=min(max(span.original_end, begins), ends),
    )


def _cut(spoken: str, most: int) -> Iterator[tuple[int, int]]:
    """Ranges of `spoken`, none of more than `most` characters or its syllables, without space at their ends."""
    loads = _loads(spoken, most)
    start = 0
    while start < len(spoken):
        end = len(spoken) if loads[-1] - loads[start] <= 1 else _best_cut(spoken, start, loads)
        piece = spoken[start:end]
        first = start + len(piece) - len(piece.lstrip(" "))
        if piece.strip(" "):
            yield first, first + len(piece.strip(" "))
        start = end


def _loads(spoken: str, most: int) -> list[float]:
    """How much of a passage is filled before each character, and after the last: 1 is a whole one."""
    loads = [0.0]
    for token in _TOKENS.finditer(spoken):
        share = max(1.0, syllables(token[0]) / len(token[0]) / MAX_SYLLABLES) / most
        loads += [loads[-1] + share * (place + 1) for place in range(len(token[0]))]
    # So many sums of parts of 1 may miss it by a little.
    return [round(load, 9) for load in loads]


def _best_cut(spoken: str, start: int, loads: list[float]) -> int:
    """Where the piece that begins at `start` ends best: a good mark, near to equal pieces."""
    rest = loads[-1] - loads[start]
    wished = loads[start] + rest / math.ceil(rest)
    shortest = bisect.bisect_left(loads, loads[start] + _SHORTEST)
    longest = max(start + 1, bisect.bisect_right(loads, loads[start] + 1) - 1)
    candidates = [
        (cost + abs(loads[match.end()] - wished), match.end())
        for pattern, cost in zip(_CUTS, _COSTS, strict=True)
        for match in pattern.finditer(spoken, shortest, min(longest + 2, len(spoken)))
        if match.end() <= longest
    ]
    return min(candidates)[1] if candidates else longest


def syllables(spoken: str) -> float:
    """About how many syllables a normalised text has, rather more than fewer.

    A word has one, a long one more, as in English; a letter of a script without spaces is one by itself.
    """
    return sum(len(whole) if whole[0] >= _SYLLABIC else max(1.0, len(whole) / _LETTERS) for whole in _WORDS.findall(spoken))


def _has_letter(spoken: str) -> bool:
    return any(character.isalpha() for character in spoken)


def _with_pause(passage: Passage, pause: float) -> Passage:
    return Passage(passage.start, passage.end, passage.spoken, passage.spans, passage.sentence, pause)
