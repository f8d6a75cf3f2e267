"""What was said of a text, and what was said that is not in it, by what was heard on the best path and beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from serving.alignment.words import Word

#: Probability from which on a phone counts as heard where the path has it.
HEARD = 0.1
#: Part of a word's phones of which fewer were heard where the word was skipped. In held-out speech of the teachers 6 of 2,553
#: words seemed skipped that were said; 160 of 165 words that were cut out were told, and each of 167 groups of two and three.
SPOKEN = 0.4
#: Probability from which on a phone was surely heard, and how many of them in a row that the text does not ask for are
#: words of their own. In the same speech that was so once in 199 passages; of words that were doubled 154 of 165 were told,
#: of groups of two and three 166 of 167.
SURE, WORDY = 0.5, 2
#: Frames for which a phone may fade and come back, and be the same.
FLICKER = 4


def support(log_probabilities: np.ndarray, tokens: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The log-probability of each token where it is heard best, between its first frame and that of the next, [n].

    Arguments are those of path.best_path and what it gives; at least one token.
    """
    lengths = np.diff(first, append=len(log_probabilities))
    own = log_probabilities[np.arange(first[0], len(log_probabilities)), np.repeat(tokens, lengths) + 1]
    return np.maximum.reduceat(own, first - first[0])


def skipped(words: Sequence[Word], supports: np.ndarray) -> list[Word]:
    """The words of which next to nothing was heard. supports: of all phones."""
    heard = supports >= np.log(HEARD)
    return [word for word in words if heard[word.first : word.last].mean() < SPOKEN]


def unasked(begun: np.ndarray, ended: np.ndarray, first: np.ndarray, skipped: np.ndarray) -> Iterator[tuple[int, int]]:
    """Frames [begin, end) in which words were heard that the text does not ask for: repeated or made up.

    begun, ended: of the phones that were surely heard. first: of those of the text, at least one, silent tokens left out.
    skipped: how many phones of skipped words lie before each of these, and after the last: a word that was said wrongly is
    not one more.
    """
    bounds = np.searchsorted(begun, [0, *first, np.iinfo(np.int64).max])
    for number, (start, end) in enumerate(itertools.pairwise(bounds.tolist())):
        # The first between two phones of the text is the former of them itself.
        beside = start + (number > 0)
        if end - beside - skipped[number] >= WORDY:
            yield int(begun[beside]), int(ended[end - 1])


def surely_heard(log_probabilities: np.ndarray, silent: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Where each phone begins and ends that was surely heard, whatever the text: frames [heard], [heard].

    silent: the tokens in which nothing is said.
    """
    best = log_probabilities.argmax(axis=1)
    sure = log_probabilities.max(axis=1) >= np.log(SURE)
    best = np.where(sure & ~np.isin(best - 1, silent), best, 0)
    edges = np.flatnonzero(np.diff(best, prepend=0, append=0))
    spoken = np.flatnonzero(best[edges[:-1]] > 0)
    begun, ended = edges[spoken], edges[spoken + 1]
    other = (np.diff(best[begun]) != 0) | (begun[1:] - ended[:-1] > FLICKER)
    return begun[np.append(True, other)[: len(begun)]], ended[np.append(other, True)[: len(ended)]]
