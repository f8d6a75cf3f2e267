"""Whom to believe about times."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from serving.alignment import timing
from serving.alignment.alignment import SURE, Alignment
from serving.engine import Sound
from serving.pronunciation import Phone

TEXT = "Hello there."
RATE = 24_000


def sound(laid_ends: tuple[float, ...] | None = None) -> Sound:
    """Half a second of silence, one of sound, and half a second of silence again."""
    tone = 0.2 * np.sin(np.arange(RATE) / 20)
    return Sound(np.pad(tone, RATE // 2).astype(np.float32), RATE, laid_ends, 188)


HEARD = Alignment((Phone("/h/", 0, 5), Phone(" ", 5, 6), Phone("/ð/", 6, 12)), np.array([0.5, 1.0, 1.1, 2.5]), 0.9, (), (), 1.0)


def test_what_was_laid_out_holds_whatever_is_heard() -> None:
    ends = tuple(np.linspace(0.3, 1.4, len(TEXT)).tolist())
    found = timing.told(TEXT, sound(ends), HEARD)
    assert (found.character_ends, found.timing) == (ends, "laid")
    assert not timing.is_to_be_heard(sound(ends))


def test_a_word_that_would_end_in_a_pause_ends_where_it_begins() -> None:
    tone = sound().samples[RATE // 2 : -RATE // 2]
    pausing = Sound(np.concatenate([tone, np.zeros(RATE), tone]), RATE, tuple(np.linspace(0.3, 3.0, 12).tolist()), 280)
    found = timing.told("Hello. There", pausing, None).character_ends
    assert [round(end, 1) for end in found[3:8]] == [1.0, 1.0, 2.0, 2.0, 2.0]
    assert found[-1] == 3.0
    assert list(found) == sorted(found)


def test_the_last_word_ends_with_the_sound_and_the_mark_after_it_with_the_silence() -> None:
    ends = tuple(np.linspace(0.5, 2.0, len(TEXT)).tolist())
    found = timing.told(TEXT, sound(ends), None).character_ends
    assert found[-2] == pytest.approx(1.5, abs=0.03)
    assert found[-1] == 2.0


def test_where_nothing_was_laid_out_the_ear_tells_within_the_sound() -> None:
    assert timing.is_to_be_heard(sound())
    found = timing.told(TEXT, sound(), HEARD)
    assert found.timing == "aligned"
    assert found.character_ends[4:6] == pytest.approx((1.0, 1.1))
    assert found.character_ends[-2] == pytest.approx(1.5, abs=0.03), "the speech's own end"
    assert found.character_ends[-1] == 2.0, "the sound's own end"
    assert list(found.character_ends) == sorted(found.character_ends)


@pytest.mark.parametrize("heard", [None, dataclasses.replace(HEARD, score=SURE - 0.01)])
def test_where_the_ear_is_not_sure_time_is_shared_out_over_the_speech(heard: Alignment | None) -> None:
    found = timing.told(TEXT, sound(), heard)
    assert found.timing == "proportional"
    assert len(found.character_ends) == len(TEXT)
    assert 0.5 < found.character_ends[0] < 0.7
    assert found.character_ends[-1] == pytest.approx(1.5, abs=0.03)
    assert list(found.character_ends) == sorted(found.character_ends)
