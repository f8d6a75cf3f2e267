"""Which sentences say most: a random walk over how alike they are (LexRank; Erkan and Radev, 2004)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

DAMPING = 0.85
ROUNDS = 20

Vector = dict[str, float]


def centrality(sentences: Sequence[Sequence[str]]) -> list[float]:
    """A score for each sentence, given as its content words; the scores have a mean of 1.

    How alike two sentences are is the cosine of their tf-idf vectors. The matrix of likenesses is never built: each
    round sums the vectors once and takes a product with each, so the time grows with the words and not with their square.
    """
    count = len(sentences)
    vectors = _vectors(sentences)
    totals = _products(vectors, [1.0] * count)
    scores = [1.0] * count
    for _ in range(ROUNDS):
        shares = [score / total if total else 0.0 for score, total in zip(scores, totals, strict=True)]
        walked = _products(vectors, shares)
        scores = [1 - DAMPING + DAMPING * value for value in walked]
    return scores


def _vectors(sentences: Sequence[Sequence[str]]) -> list[Vector]:
    """The tf-idf vector of each sentence, of length 1; empty for one without content words."""
    frequency = Counter(word for words in sentences for word in set(words))
    vectors = []
    for words in sentences:
        vector = {word: count * math.log(1 + len(sentences) / frequency[word]) for word, count in Counter(words).items()}
        length = math.sqrt(sum(value * value for value in vector.values()))
        vectors.append({word: value / length for word, value in vector.items()} if length else {})
    return vectors


def _products(vectors: list[Vector], weights: list[float]) -> list[float]:
    """For each vector its product with the weighted sum of all of them."""
    total: Vector = {}
    for vector, weight in zip(vectors, weights, strict=True):
        for word, value in vector.items():
            total[word] = total.get(word, 0.0) + weight * value
    return [sum(value * total[word] for word, value in vector.items()) for vector in vectors]
