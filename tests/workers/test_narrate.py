"""A scene's sound is exactly as long as its frames."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.speech.model import Narration, Timing
from workers.steps.narrate import LEAD_IN, LEAD_OUT, _fill_frames

PER_FRAME = 960


def narration(samples: int) -> Narration:
    word = Timing("Word", 0, 0.0, samples / 24_000)
    return Narration(np.ones(samples, dtype=np.float32), 24_000, (word,), (word,))


@pytest.mark.parametrize("samples", [1, 959, 960, 961, 24_000, 24_001, 123_457, 48 * 960 - 1])
def test_a_narration_is_filled_up_to_whole_frames_and_not_one_more(samples: int) -> None:
    filled = _fill_frames(narration(samples))
    needed = round(LEAD_IN * 24_000) + samples + round(LEAD_OUT * 24_000)
    assert len(filled.samples) % PER_FRAME == 0
    assert needed <= len(filled.samples) < needed + PER_FRAME
    assert filled.samples.sum() == samples, "every sample is there"


def test_the_times_move_with_the_sound_to_the_sample() -> None:
    filled = _fill_frames(narration(5_000))
    heard = np.flatnonzero(filled.samples)
    word = filled.words[0]
    assert (round(word.start * 24_000), round(word.end * 24_000)) == (heard[0], heard[-1] + 1)
    assert filled.sentences == filled.words


def test_a_rate_that_does_not_divide_into_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="22049"):
        _fill_frames(Narration(np.ones(10, dtype=np.float32), 22_049, (), ()))
