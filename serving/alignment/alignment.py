"""How a text lies on what was heard: where each phone is, which words are not there, and what is there besides."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from serving.alignment import frames, times, verdict
from serving.alignment.languages import narrowed, narrowed_to_one
from serving.alignment.path import best_path
from serving.alignment.words import SILENT, Word, words
from serving.pronunciation import Phone
from serving.pronunciation.phones import SPACE

#: Part of the words above which so many were skipped that another text was said, and nothing more can be made of it.
MOST_SKIPPED = 0.5
#: Part of the phones that must have been heard in their place, if anything is to be concluded from the places of all.
SURE = 0.6


@dataclasses.dataclass(frozen=True)
class Alignment:
    """phones: those of the text that were laid on the sound. bounds: the second at which each begins and the last one ends,
    [phones + 1]. score: part of the text's phones that were heard in their place, 0 to 1. skipped: the words that were not.
    extra: first and last second of each stretch of words that are not in the text. understood: how many phones of the
    text's language were surely heard, whichever they are, as a part of the number that the text has."""

    phones: tuple[Phone, ...]
    bounds: np.ndarray
    score: float
    skipped: tuple[Word, ...]
    extra: tuple[tuple[float, float], ...]
    understood: float

    @property
    def is_sure(self) -> bool:
        """Whether the listener understands this speech, so that what it tells of single words can be believed."""
        return self.score >= SURE

    def character_ends(self, characters: int) -> np.ndarray:
        """The second at which each of so many characters of the text ends, float [characters]."""
        return times.character_ends(characters, self.phones, self.bounds)


@dataclasses.dataclass(frozen=True)
class _Laid:
    """kept: which phones are on the path, bools [n]. first: of those. supports: of all phones, -inf where one is not kept."""

    kept: np.ndarray
    first: np.ndarray
    supports: np.ndarray
    skipped: list[Word]


def align(
    phones: Sequence[Phone], vocabulary: Mapping[str, int], log_probabilities: np.ndarray, frame_seconds: float
) -> Alignment | None:
    """Lay the phones of a text, all of them in the vocabulary, on what was heard, float [frames, tokens + 1].

    A word that was skipped is left out of the path, as it would push its neighbours aside. None where nothing is said in
    the text, or its phones are more than the frames.
    """
    phones = list(_with_single_pauses(phones))
    said = list(words(phones))
    silent = [vocabulary[token] for token in SILENT if token in vocabulary]
    understood, _ = verdict.surely_heard(narrowed_to_one(log_probabilities, phones, vocabulary), silent)
    log_probabilities = narrowed(log_probabilities, phones, vocabulary)
    heard = _with_one_silence(log_probabilities, silent)
    tokens = np.array([vocabulary[phone.token] for phone in phones], dtype=np.int64)
    laid = _laid(said, tokens, np.ones(len(tokens), bool), heard) if said else None
    if laid is None:
        return None
    laid = _without_skipped(phones, said, tokens, heard, laid)
    spoken = np.array([phone.token not in SILENT for phone in phones])
    begun, ended = verdict.surely_heard(log_probabilities, silent)
    left_out = np.diff(np.flatnonzero(laid.kept[spoken]), prepend=-1, append=int(spoken.sum())) - 1
    unasked = verdict.unasked(begun, ended, laid.first[spoken[laid.kept]], left_out)
    on_path = tuple(phone for phone, kept in zip(phones, laid.kept, strict=True) if kept)
    bounds = np.append(frames.starts(laid.first, len(log_probabilities)), len(log_probabilities)) * frame_seconds
    return Alignment(
        phones=on_path,
        bounds=times.spaces_shared(on_path, bounds, frame_seconds),
        score=float((laid.supports[spoken] >= np.log(verdict.HEARD)).mean()),
        skipped=tuple(laid.skipped),
        extra=tuple((begin * frame_seconds, end * frame_seconds) for begin, end in unasked),
        understood=len(understood) / int(spoken.sum()),
    )


def _with_single_pauses(phones: Sequence[Phone]) -> Iterator[Phone]:
    """Without the space after a mark: there is one pause between two words, and the listener may hear it as either."""
    before = None
    for phone in phones:
        if before is None or not (phone.token in SILENT and before.token in SILENT):
            yield phone
        before = phone


def _with_one_silence(log_probabilities: np.ndarray, silent: Sequence[int]) -> np.ndarray:
    """With each silent token as likely as all of them together: which mark stands in the text is not for the ear to say."""
    pooled = log_probabilities.copy()
    columns = np.array(silent, dtype=np.int64) + 1
    pooled[:, columns] = np.logaddexp.reduce(log_probabilities[:, columns], axis=1, keepdims=True)
    return pooled


def _laid(said: list[Word], tokens: np.ndarray, kept: np.ndarray, log_probabilities: np.ndarray) -> _Laid | None:
    found = best_path(log_probabilities, tokens[kept])
    if found is None:
        return None
    supports = np.full(len(tokens), -np.inf)
    supports[kept] = verdict.support(log_probabilities, tokens[kept], found[0])
    return _Laid(kept, found[0], supports, verdict.skipped(said, supports))


def _without_skipped(
    phones: Sequence[Phone], said: list[Word], tokens: np.ndarray, log_probabilities: np.ndarray, whole: _Laid
) -> _Laid:
    """The path without the skipped words or, where they are too many, as it was with them.

    Those beside a skipped word may only have been pushed aside by it: without all of them each is given its place again.
    """
    if not whole.skipped or len(whole.skipped) > MOST_SKIPPED * len(said):
        return whole

    def without(words: list[Word]) -> _Laid:
        kept = np.ones(len(tokens), bool)
        for word in words:
            kept[_with_a_space(word, phones)] = False
        laid = _laid(said, tokens, kept, log_probabilities)
        assert laid is not None, "fewer phones fit where all did"
        return laid

    out = whole.skipped
    best = without(out)
    for word in whole.skipped:
        fewer = [other for other in out if other != word]
        laid = without(fewer)
        if len(laid.skipped) < len(best.skipped):
            out, best = fewer, laid
    return best


def _with_a_space(word: Word, phones: Sequence[Phone]) -> slice:
    """The phones of a word and of a space beside it."""
    if word.last < len(phones) and phones[word.last].token == SPACE:
        return slice(word.first, word.last + 1)
    return slice(word.first - (word.first > 0 and phones[word.first - 1].token == SPACE), word.last)
