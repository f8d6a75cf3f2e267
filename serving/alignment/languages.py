"""Listening for the languages of a text only.

A listener that hears an unknown voice takes it for the language whose voices it resembles: people who speak Vietnamese sounded
English to one that had heard Vietnamese from a synthesizer only. Told which language is spoken, it says how little it
understands instead.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence

import numpy as np

from serving.alignment.words import SILENT
from serving.pronunciation import Phone


def narrowed(log_probabilities: np.ndarray, phones: Sequence[Phone], vocabulary: Mapping[str, int]) -> np.ndarray:
    """What would be heard, float32 [frames, tokens + 1], if all tokens of languages that the phones have none of were ruled
    out."""
    return _ruled_out(log_probabilities, vocabulary, set(_counted(phones)))


def narrowed_to_one(log_probabilities: np.ndarray, phones: Sequence[Phone], vocabulary: Mapping[str, int]) -> np.ndarray:
    """The same with only the language of most of the phones left."""
    return _ruled_out(log_probabilities, vocabulary, {language for language, _ in _counted(phones).most_common(1)})


def _counted(phones: Sequence[Phone]) -> collections.Counter[str]:
    """How many phones there are of each language."""
    return collections.Counter(_language(phone.token) for phone in phones if phone.token not in SILENT)


def _language(token: str) -> str:
    """English phones stand between slashes, Vietnamese is spoken by its letters."""
    return "en" if token.startswith("/") else "vi"


def _ruled_out(log_probabilities: np.ndarray, vocabulary: Mapping[str, int], spoken: set[str]) -> np.ndarray:
    left = [token for token in vocabulary if token in SILENT or _language(token) in spoken]
    columns = np.array([0, *(vocabulary[token] + 1 for token in left)])
    heard = np.full_like(log_probabilities, -np.inf)
    heard[:, columns] = log_probabilities[:, columns]
    return heard - np.logaddexp.reduce(heard[:, columns], axis=1, keepdims=True)
