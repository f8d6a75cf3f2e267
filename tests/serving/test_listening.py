"""From a request to speech that was listened to: a real scheduler and aligner, and an engine that speaks in tones."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from serving.alignment.aligner import Aligner
from serving.alignment.alignment import Alignment
from serving.batching.scheduler import Scheduler
from serving.engine import Sound
from serving.replica import answers
from serving.replica.ears import Ears
from serving.replica.speaking import Speaker, Taken
from serving.replica.validation import SpeakRequest

from .alignment import tones

TEXT = "Seven ships sailed over the grey sea."
REFERENCE = 10
VOICE = SimpleNamespace(fingerprint="", language="en", level=0.1, frames=REFERENCE, frame_seconds=256 / 24_000)


@dataclasses.dataclass(frozen=True)
class Work:
    text: str
    seed: int
    sampling: None = None

    @property
    def voice(self) -> SimpleNamespace:
        return VOICE

    @property
    def frames(self) -> int:
        return REFERENCE + len(tones.say(self.text)) // 256

    cost = frames


class Tones:
    """An engine. said: by seed, what it says instead of the text. laid: whether it tells when."""

    def __init__(self, said: dict[int, str], laid: bool = False, aligner: Aligner | None = None) -> None:
        self.checkpoint = SimpleNamespace(aligner=aligner, fingerprint="", sampling=None)
        self._said, self._laid = said, laid

    def plan(self, text: str, _voice: str, _speed: float, seed: int, _sampling: None) -> Work:
        return Work(text, seed)

    def prepare(self, work: Work) -> Work:
        return work

    def step(self, _states: Sequence[Work]) -> None:
        pass

    def done(self, _state: Work) -> bool:
        return True

    def finish(self, states: Sequence[Work]) -> list[Sound]:
        return [self._sound(work) for work in states]

    def _sound(self, work: Work) -> Sound:
        samples = tones.say(self._said.get(work.seed, work.text))
        ends = tuple(np.linspace(0, len(samples) / tones.RATE, len(work.text)).tolist())
        return Sound(samples, tones.RATE, ends if self._laid else None, len(samples) // 256)


class Shelf:
    """As much of a shelf as a speaker needs."""

    def __init__(self, engine: Tones) -> None:
        self.model = SimpleNamespace(name="tones", engine=engine, scheduler=Scheduler(engine, 10**6, 10**6, 10**6))
        self.model.scheduler.start()

    @contextlib.asynccontextmanager
    async def borrowed(self, _name: None, _deadline: None) -> AsyncIterator[Any]:
        yield self.model


@pytest.fixture
def speak() -> Iterator[Any]:
    """speak(engine, **fields of the request) -> Taken."""
    shelves: list[Shelf] = []

    def speak(engine: Tones, **fields: Any) -> Taken:
        shelves.append(Shelf(engine))
        knobs, metrics = SimpleNamespace(steps=None), SimpleNamespace(answered=lambda *_: None)
        asked = SpeakRequest(**{"key": "k", "text": TEXT, "voice": "v", "speed": 1.0, "seed": 0, "priority": "high", **fields})
        return asyncio.run(Speaker(shelves[-1], metrics, knobs).speak(asked, None))  # type: ignore[arg-type]

    yield speak
    for shelf in shelves:
        shelf.model.scheduler.stop()


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    return tones.aligner()


def test_words_are_timed_by_ear_where_the_layout_tells_no_times(speak: Any, aligner: Aligner) -> None:
    times = speak(Tones({}, aligner=aligner)).times
    assert times.timing == "aligned"
    assert len(times.character_ends) == len(TEXT)
    begun = dict(zip((phone.start for phone in tones.read(TEXT)), tones.speech(tones.read(TEXT))[1], strict=False))
    for word in TEXT.split()[1:]:
        place = TEXT.index(word)
        assert times.character_ends[place - 1] == pytest.approx(begun[place], abs=0.04)


def test_without_an_aligner_or_with_one_that_hears_another_text_times_are_shared_out(speak: Any, aligner: Aligner) -> None:
    assert speak(Tones({})).times.timing == "proportional"
    other = speak(Tones({0: "To find a city with old men."}, aligner=aligner))
    assert other.times.timing == "proportional"
    assert len(other.times.character_ends) == len(TEXT)


def test_what_was_heard_is_told_to_who_asks(speak: Any, aligner: Aligner) -> None:
    engine = Tones({0: "Seven ships over the grey sea, over the grey sea."}, laid=True, aligner=aligner)
    assert answers.spoken(speak(engine))["heard"] is None
    told = answers.spoken(speak(engine, listen=True))
    assert told["timing"] == "laid"
    heard = told["heard"]
    assert [TEXT[slice(*pair)] for pair in heard["skipped"]] == ["sailed"]
    assert 0.6 < heard["score"] < 0.95
    [(begin, end)] = heard["extra"]
    assert end - begin == pytest.approx(len(tones.say("over the grey sea")) / tones.RATE - 0.1, abs=0.15)
    assert answers.spoken(speak(Tones({}, laid=True), listen=True))["heard"] is None, "there is no aligner"


def test_of_several_takes_the_one_that_says_all_words_is_kept(speak: Any, aligner: Aligner) -> None:
    from serving.voices import takes

    first, second, third = takes.seeds(0, 3)
    said = {first: "Seven ships over the grey sea, a sea.", second: TEXT, third: "Seven ships sailed the grey sea over."}
    best = speak(Tones(said, laid=True, aligner=aligner), takes=3, listen=True)
    assert (best.take, best.seed) == (1, second)
    assert best.heard.score == 1
    deaf = speak(Tones(said, laid=True), takes=3)
    assert deaf.take == 0, "by the sound alone they are equally good"


def sounds(count: int) -> list[Sound]:
    return [Sound(tones.say(TEXT), tones.RATE, None, 100) for _ in range(count)]


def test_a_sound_is_listened_to_once_for_all_who_want_to_know(aligner: Aligner, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []
    hear = aligner.hear
    monkeypatch.setattr(aligner, "hear", lambda samples, rate: (heard.append(len(samples)), hear(samples, rate))[1])

    async def listen() -> list[Alignment | None]:
        ears, (one, other) = Ears(), sounds(2)
        left = asyncio.create_task(ears.listen(aligner, one, TEXT, "en"))
        await asyncio.sleep(0)
        left.cancel()
        return await asyncio.gather(*(ears.listen(aligner, sound, TEXT, "en") for sound in (one, one, other)))

    first, again, other = asyncio.run(listen())
    assert len(heard) == 2
    assert first is again is not other
    assert first is not None
    assert first.score == 1


def test_an_aligner_that_fails_costs_no_speech(
    speak: Any, aligner: Aligner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(aligner, "_mel", None)
    with caplog.at_level(logging.ERROR):
        taken = speak(Tones({}, aligner=aligner), listen=True)
    assert (taken.times.timing, taken.heard) == ("proportional", None)
    assert "a passage could not be listened to" in caplog.messages
