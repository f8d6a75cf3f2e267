from __future__ import annotations

import numpy as np
import pytest

from pipeline.script.centrality import DAMPING, ROUNDS, _vectors, centrality

SENTENCES = [
    ["tide", "harbour", "boat"],
    ["boat", "net", "fish"],
    ["harbour", "boat", "fish", "fish"],
    ["violin"],
    [],
]


def test_scores_are_those_of_a_walk_over_the_whole_matrix() -> None:
    vocabulary = sorted({word for words in SENTENCES for word in words})
    matrix = np.array([[vector.get(word, 0.0) for word in vocabulary] for vector in _vectors(SENTENCES)])
    alike = matrix @ matrix.T
    rows = alike.sum(axis=1, keepdims=True)
    walk = np.divide(alike, rows, out=np.zeros_like(alike), where=rows > 0)
    scores = np.ones(len(SENTENCES))
    for _ in range(ROUNDS):
        scores = 1 - DAMPING + DAMPING * walk.T @ scores
    assert centrality(SENTENCES) == pytest.approx(scores.tolist())


def test_a_sentence_that_shares_words_with_many_scores_above_one_without_content() -> None:
    scores = centrality(SENTENCES)
    assert scores.index(max(scores)) in (0, 2)
    assert min(scores) == scores[4]


def test_no_sentences_have_no_scores() -> None:
    assert centrality([]) == []
