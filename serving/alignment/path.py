"""The most likely way through what was heard, frame by frame, on which every token of a text comes in its turn (CTC)."""

from __future__ import annotations

import numpy as np

#: Class that stands for no token.
BLANK = 0


def best_path(log_probabilities: np.ndarray, tokens: np.ndarray) -> tuple[np.ndarray, float] | None:
    """The first frame of each token, integers [n], rising, and the mean log-probability a frame of the whole path.

    log_probabilities: float [frames, classes], class 0 for none, class token + 1 else. tokens: integers [n].
    None where the tokens do not fit on the frames: one each, and one more between two of the same.
    """
    frames, tokens = len(log_probabilities), np.asarray(tokens, dtype=np.int64)
    again = tokens[1:] == tokens[:-1]
    if frames == 0 or len(tokens) + np.count_nonzero(again) > frames:
        return None
    labels = np.full(2 * len(tokens) + 1, BLANK)
    labels[1::2] = tokens + 1
    # Blanks cannot be skipped over, and a token not from one of its own kind: CTC would take the two for one.
    leap = np.zeros(len(labels), bool)
    leap[3::2] = ~again
    steps, total = _forward(log_probabilities, labels, leap)
    states = _backward(steps, len(labels) - 1 - int(total[-2:].argmax() == 0 and len(labels) > 1))
    first = np.searchsorted(states, 2 * np.arange(len(tokens)) + 1)
    return first, float(total[-2:].max()) / frames


def _forward(log_probabilities: np.ndarray, labels: np.ndarray, leap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By how many states the best path to each state came on at each frame, uint8 [frames, states], and the
    log-probability of the best path that ends in each state, [states]."""
    barred = np.where(leap, 0.0, -np.inf)
    # Two states before the first, which no path comes from.
    total = np.full(len(labels) + 2, -np.inf)
    stay, one, two = total[2:], total[1:-1], total[:-2]
    stay[:2] = log_probabilities[0, labels[:2]]
    steps = np.zeros((len(log_probabilities), len(labels)), np.uint8)
    for frame in range(1, len(log_probabilities)):
        leapt = two + barred
        near = np.maximum(stay, one)
        best = np.maximum(near, leapt)
        steps[frame] = np.where(leapt > near, 2, one > stay)
        np.add(best, log_probabilities[frame, labels], out=stay)
    return steps, stay


def _backward(steps: np.ndarray, last: int) -> np.ndarray:
    """The state at each frame of the path that ends in state `last`, integers [frames], never falling."""
    states = np.empty(len(steps), np.int64)
    for frame in range(len(steps) - 1, -1, -1):
        states[frame] = last
        last -= int(steps[frame, last])
    return states
