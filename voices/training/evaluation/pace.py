"""How long the voice plans to speak each phone, beside how long its teacher does, and whether it keeps to a speed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from serving.alignment.aligner import Aligner
from serving.alignment.words import SILENT
from voices.training.corpus import RATE
from voices.training.evaluation.cases import Case
from voices.training.evaluation.edits import matches
from voices.training.evaluation.judging import Taught
from voices.training.evaluation.speaking import Speech

#: Speeds that are asked for beside 1.
SPEEDS = (0.8, 1.25)


def measured(cases: Sequence[Case], taught: Sequence[Taught], speech: Speech, aligner: Aligner) -> dict[str, Any]:
    """phone: median absolute error of a phone's length in ms, pauses left out, by the aligner's path through the teacher's
    speech. frames: of all sentences together, too many as a share of the teacher's. speeds: asked for, and what came."""
    vocabulary = speech.checkpoint.vocabulary
    silent = {vocabulary[token] for token in SILENT if token in vocabulary}
    wrong: list[float] = []
    planned = wanted = 0
    for case, one in zip(cases, taught, strict=True):
        heard = aligner.hear(one.samples, RATE)
        true = aligner.tokens_of_frames(case.text, case.voice.language, heard)
        if true is None:
            continue
        plan = speech.tokens_of_frames(case)
        wrong += apart(plan, true, silent)
        planned, wanted = planned + len(plan), wanted + len(true)
    milliseconds = 1000 * speech.checkpoint.hop / speech.checkpoint.rate
    return {
        "phone": float(np.median(np.abs(wrong))) * milliseconds,
        "frames": planned / wanted - 1,
        "speeds": {str(speed): _got(cases, speech, speed) for speed in SPEEDS},
    }


def apart(planned: np.ndarray, true: np.ndarray, silent: Collection[int]) -> list[int]:
    """By how many frames each phone is planned too long; both are tokens of frames. One that has no frame in either is left
    out, and two of the same in a row count as one."""
    tokens, lengths = runs(planned)
    true_tokens, true_lengths = runs(true)
    both = matches(tokens.tolist(), true_tokens.tolist())
    return [int(lengths[at] - true_lengths[beside]) for at, beside in both if tokens[at] not in silent]


def runs(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Equal neighbours put together: the token of each run, and how long it is."""
    starts = np.flatnonzero(np.concatenate([[True], tokens[1:] != tokens[:-1]]))
    return tokens[starts], np.diff(starts, append=len(tokens))


def _got(cases: Sequence[Case], speech: Speech, speed: float) -> float:
    """How many times faster the sentences came, all together."""
    usual = sum(speech.speak(case).seconds for case in cases)
    return usual / sum(speech.speak(case, speed=speed).seconds for case in cases)
