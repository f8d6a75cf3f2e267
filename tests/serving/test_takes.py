from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from serving.alignment.alignment import Alignment
from serving.alignment.words import Word
from serving.engine import Engine, Sound, Work
from serving.layouts import layout
from serving.layouts.layout import Laid
from serving.voices import takes

from .recordings import RATE, say

TEXTS = {"en_male": "Please read the first page of this book.", "vi_female": "Cuốn sách này nói về lịch sử."}
NOISE = 0.1 * np.random.default_rng(0).standard_normal(10 * RATE)


@pytest.fixture(scope="module")
def good(engine: Engine) -> dict[str, tuple[Sound, Work]]:
    """Passages that the bundled voice speaks well, with its own steps."""
    sampling = engine.checkpoint.sampling
    return {voice: (say(engine, text, voice, 1, sampling), engine.plan(text, voice, 1.0, 1)) for voice, text in TEXTS.items()}


def half(speech: np.ndarray) -> int:
    return len(speech) // 2


DEFECTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "silence": np.zeros_like,
    "noise": lambda speech: NOISE[: len(speech)],
    "hum": lambda speech: 0.1 * np.sin(0.05 * np.arange(len(speech))),
    "cut in half": lambda speech: speech[: half(speech)],
    "silent from the middle": lambda speech: np.pad(speech[: half(speech)], (0, len(speech) - half(speech))),
    "noise at the end": lambda speech: np.concatenate([speech[: half(speech)], NOISE[: half(speech)]]),
    "clipped": lambda speech: np.clip(20 * speech, -1, 1),
    "almost silent": lambda speech: 0.02 * speech,
    "a hole of a second": lambda speech: np.insert(speech, half(speech), np.zeros(RATE)),
    "said twice": lambda speech: np.tile(speech, 2),
    "no numbers": lambda speech: np.where(np.arange(len(speech)) == 7, np.nan, speech),
}


@pytest.mark.parametrize("voice", TEXTS)
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defective_take_loses_against_a_good_one(good: dict[str, tuple[Sound, Work]], voice: str, defect: str) -> None:
    sound, work = good[voice]
    spoilt = dataclasses.replace(sound, samples=DEFECTS[defect](sound.samples).astype(np.float32))
    assert takes.score(sound, work) - takes.score(spoilt, work) > 0.5
    assert takes.best([spoilt, sound], [work, work], [None, None]) == 1
    assert takes.best([sound, spoilt], [work, work], [None, None]) == 0


@pytest.mark.parametrize("voice", TEXTS)
def test_a_take_that_was_turned_down_is_judged_by_how_loud_it_was(good: dict[str, tuple[Sound, Work]], voice: str) -> None:
    sound, work = good[voice]
    peak = float(np.abs(sound.samples).max())
    full = dataclasses.replace(sound, samples=sound.samples / peak)
    assert takes.score(dataclasses.replace(full, beyond=10 * peak), work) < takes.score(full, work) - 1
    assert takes.best([dataclasses.replace(full, beyond=10 * peak), sound], [work, work], [None, None]) == 1


@pytest.mark.parametrize("voice", TEXTS)
def test_a_good_take_bears_no_sign_of_a_fault(good: dict[str, tuple[Sound, Work]], voice: str) -> None:
    assert takes.score(*good[voice]) > -0.2


def test_a_short_word_is_not_held_against_the_room_it_was_given(engine: Engine) -> None:
    sound, work = say(engine, "Yes.", "en_female"), engine.plan("Yes.", "en_female", 1.0, 1)
    given = round((layout.SHORTEST + layout.ROOM) / work.voice.frame_seconds)
    roomy = dataclasses.replace(work, laid=Laid(work.laid.tokens, work.voice.frames + given, None))
    assert takes.score(sound, roomy) > -0.2
    drawn = dataclasses.replace(sound, samples=np.tile(sound.samples, 8))
    assert takes.score(drawn, roomy) < takes.score(sound, roomy) - 0.5


def test_nothing_heard_is_the_worst_that_can_be(good: dict[str, tuple[Sound, Work]]) -> None:
    sound, work = good["en_male"]
    for samples in (np.zeros(0), np.zeros(10), np.zeros(RATE)):
        assert takes.score(dataclasses.replace(sound, samples=samples), work) == -math.inf
    tiny = dataclasses.replace(sound, samples=sound.samples[: RATE // 40])
    assert math.isfinite(takes.score(tiny, work)) or takes.score(tiny, work) == -math.inf
    assert takes.best([tiny, sound], [work, work], [None, None]) == 1


def test_of_equal_takes_the_first_is_kept(good: dict[str, tuple[Sound, Work]]) -> None:
    sound, work = good["en_male"]
    assert takes.best([sound, sound, sound], [work] * 3, [None] * 3) == 0


def heard(score: float, skipped: int = 0, extra: int = 0) -> Alignment:
    words, stretches = (Word(0, 1, 0, 1),) * skipped, ((0.0, 1.0),) * extra
    return Alignment(phones=(), bounds=np.zeros(1), score=score, skipped=words, extra=stretches, understood=1.0)


def test_of_whole_takes_the_one_in_which_all_words_are_heard_is_kept(good: dict[str, tuple[Sound, Work]]) -> None:
    sound, work = good["en_male"]
    clear, mumbled, skipping, repeating = heard(0.95), heard(0.8), heard(0.9, skipped=1), heard(0.97, extra=1)
    for others in itertools.permutations([mumbled, skipping, repeating]):
        assert takes.best([sound] * 4, [work] * 4, [*others, clear]) == 3
    assert takes.best([sound] * 3, [work] * 3, [skipping, repeating, mumbled]) == 2
    assert takes.best([sound] * 2, [work] * 2, [None, mumbled]) == 1


def test_a_listener_that_does_not_understand_the_voice_decides_nothing(good: dict[str, tuple[Sound, Work]]) -> None:
    sound, work = good["en_male"]
    assert takes.best([sound] * 2, [work] * 2, [heard(0.1, skipped=8), heard(0.3, skipped=4)]) == 0


def test_a_broken_take_loses_however_clear_its_words_are(good: dict[str, tuple[Sound, Work]]) -> None:
    sound, work = good["en_male"]
    clipped = dataclasses.replace(sound, samples=DEFECTS["clipped"](sound.samples).astype(np.float32))
    assert takes.best([clipped, sound], [work, work], [heard(1.0), heard(0.8)]) == 1


def test_the_first_take_has_the_seed_asked_for_and_the_others_their_own() -> None:
    assert takes.seeds(7, 1) == [7]
    for seed in (0, 7, takes.MAX_SEED):
        found = takes.seeds(seed, 8)
        assert found[0] == seed
        assert len(set(found)) == 8
        assert all(0 <= one <= takes.MAX_SEED for one in found)
        assert found == takes.seeds(seed, 8) == [*takes.seeds(seed, 3), *found[3:]]
    assert not set(takes.seeds(7, 8)) & set(takes.seeds(8, 8))
