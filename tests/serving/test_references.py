from __future__ import annotations

import json
import logging
import time

import numpy as np
import pytest
import soundfile
import soxr

from serving.engine import Engine
from serving.errors import VoiceUnusable
from serving.layouts import pace
from serving.voices import excerpt, references, silence
from serving.voices.references import Reference

from .conftest import SAMPLE
from .recordings import RATE, about, joined, speech_of, wave

SENTENCES = {
    "en_female": [
        "The ship sailed on a cold morning, long before the sun was up.",
        "Nobody in the village had seen it leave.",
        "When the fog lifted, the harbour was empty, and the birds were quiet.",
        "An old man sat down on the wall and waited.",
        "He would wait there for many years.",
    ],
    "vi_female": [
        "Con tàu rời bến vào một buổi sáng lạnh, khi mặt trời chưa mọc.",
        "Không ai trong làng nhìn thấy nó đi.",
        "Khi sương tan, bến cảng vắng tanh, và chim chóc lặng im.",
        "Một ông cụ ngồi xuống bờ tường và chờ đợi.",
        "Ông còn chờ ở đó trong nhiều năm nữa.",
    ],
}


def text_of(voice: str) -> str:
    return json.loads((SAMPLE / "references" / f"{voice}.json").read_text("utf-8"))["text"]


def recorded(voice: str) -> np.ndarray:
    return soundfile.read(SAMPLE / "references" / f"{voice}.wav", dtype="float32")[0]


def read(samples: np.ndarray, text: str, rate: int = RATE, **more: object) -> Reference:
    return references.read("amy", wave(samples, rate), about(text, **more), RATE)


def refused(samples: np.ndarray, text: str, rate: int = RATE, **more: object) -> str:
    with pytest.raises(VoiceUnusable) as error:
        read(samples, text, rate, **more)
    assert (error.value.code, error.value.status) == ("voice_unusable", 422)
    assert error.value.message.startswith("The voice amy ")
    return error.value.message


@pytest.fixture(scope="module")
def spoken(engine: Engine) -> dict[str, list[np.ndarray]]:
    return {voice: [speech_of(engine, text, voice) for text in texts] for voice, texts in SENTENCES.items()}


@pytest.mark.parametrize("voice", SENTENCES)
@pytest.mark.parametrize("pause", [0.25, 0.7])
def test_a_long_recording_is_cut_together_with_its_text(spoken: dict[str, list[np.ndarray]], voice: str, pause: float) -> None:
    whole = joined(spoken[voice], pause)
    assert len(whole) / RATE > references.LONGEST
    found = read(whole, " ".join(SENTENCES[voice]), language=voice[:2])
    kept = next(count for count in range(1, 5) if " ".join(SENTENCES[voice][:count]) == found.text)
    ends = sum(len(piece) / RATE for piece in spoken[voice][:kept]) + pause * (kept - 1)
    assert len(found.samples) / RATE == pytest.approx(ends + references.TAIL, abs=0.1), "sound and text end together"
    assert excerpt.SHORTEST < len(found.samples) / RATE <= references.LONGEST


@pytest.mark.parametrize("voice", SENTENCES)
def test_a_long_recording_with_no_place_to_cut_is_refused_with_advice(spoken: dict[str, list[np.ndarray]], voice: str) -> None:
    without_pauses = joined(spoken[voice], pause=0.0)
    text = " ".join(SENTENCES[voice])
    assert "Cut the wave to 5 to 10 s" in refused(without_pauses, text.replace(". ", ", "))
    other = text.replace(". ", ", ").replace(", ", ". ", 1)
    far = joined(spoken[voice][::-1], pause=0.6)
    cut = excerpt.find(far, RATE, other, references.LONGEST)
    assert cut is None or text[: cut.characters].endswith(other.split(". ")[0] + "."), "never at a mark that is none"


def test_silence_at_the_ends_goes_and_the_speech_stays() -> None:
    said = recorded("en_male")
    found = read(np.pad(said, (RATE, 2 * RATE)), text_of("en_male"))
    assert len(found.samples) / RATE == pytest.approx(len(said) / RATE + references.HEAD + references.TAIL, abs=0.05)
    assert np.sum(found.samples**2) / np.sum(said**2) == pytest.approx(1, abs=1e-3)
    alone = read(said, text_of("en_male"))
    assert found.syllable_seconds == pytest.approx(alone.syllable_seconds, rel=0.05), "silence does not slow a voice down"


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_other_rates_and_stereo_are_brought_to_the_models(rate: int) -> None:
    said = recorded("vi_male")
    foreign = soxr.resample(said, RATE, rate)
    found = read(np.stack([foreign * 1.5, foreign * 0.5], axis=1), text_of("vi_male"), rate)
    plain = read(said, text_of("vi_male"))
    assert len(found.samples) == pytest.approx(len(plain.samples), abs=0.02 * RATE)
    power, wanted = (np.abs(np.fft.rfft(one.samples, 4 * RATE))[:28_000] for one in (found, plain))
    assert np.corrcoef(power, wanted)[0, 1] > 0.99


def test_a_text_that_was_not_spoken_does_not_set_the_pace(caplog: pytest.LogCaptureFixture) -> None:
    said = recorded("en_male")
    right = read(said, text_of("en_male"))
    assert not caplog.messages
    for wrong in ("No.", text_of("en_male") * 3):
        assert read(said, wrong).syllable_seconds == 1 / pace.USUAL
    assert sum("seems not to be what is said" in message for message in caplog.messages) == 2
    assert 1 / pace.FASTEST < right.syllable_seconds < 1 / pace.SLOWEST
    assert read(said, "No.", rate=RATE, **{"language": "en"}).samples is not None


def test_a_stated_rate_goes_before_the_measured_one() -> None:
    found = references.read("amy", wave(recorded("en_male")), about(text_of("en_male"), **{"rate": 3.5}), RATE)
    assert found.syllable_seconds == 1 / 3.5


def test_recordings_that_nothing_can_be_made_of_are_refused_with_what_to_do() -> None:
    said, text = recorded("en_male"), text_of("en_male")
    assert "s of speech; at least 1 s" in refused(np.pad(said[: RATE // 2], RATE), "we want")
    assert "is silent" in refused(np.zeros(3 * RATE), text)
    assert "has no text" in refused(said, " ... ")
    assert "no numbers" in refused(np.where(np.arange(len(said)) == 5, np.nan, said), text)


@pytest.mark.parametrize("beyond", [32_768.0, 1e30])
def test_a_wave_far_beyond_full_scale_is_refused_as_the_voice_would_roar(beyond: float) -> None:
    said, text = recorded("en_male"), text_of("en_male")
    assert "has samples beyond full scale, up to" in refused(said * np.float32(beyond), text)
    click = np.where(np.arange(len(said)) == 5, 1e4, said)
    assert "beyond full scale, up to 1e+04 times it. Export its wave as 16-bit PCM." in refused(click, text)


def test_a_wave_a_little_beyond_full_scale_is_turned_down() -> None:
    said = recorded("en_male")
    loud = said * (1.6 / np.abs(said).max())
    found = read(loud, text_of("en_male")).samples
    assert np.abs(found).max() == 1
    np.testing.assert_allclose(found, read(loud / 1.6, text_of("en_male")).samples, atol=1e-6)


def test_channels_that_cancel_each_other_out_are_told_as_that() -> None:
    said = recorded("en_male")
    assert "cancel each other out. Export one of them" in refused(np.stack([said, -said], axis=1), text_of("en_male"))


def test_a_recording_of_hours_is_refused_before_it_is_brought_to_the_models_rate() -> None:
    assert "is 20000 s long. Cut its wave" in refused(recorded("en_male")[:20_000], text_of("en_male"), rate=1)


@pytest.mark.parametrize("letters", ["hello there ", "x", "9", "."])
def test_a_text_far_longer_than_its_wave_is_refused_at_once(letters: str) -> None:
    said = recorded("en_male")
    before = time.monotonic()
    wanted = "no text" if letters == "." else f"a text of 1000000 characters, which nobody can say in {len(said) / RATE:.1f} s"
    assert wanted in refused(said, (letters * 1_000_000)[:999_999] + letters[0])
    assert time.monotonic() - before < 5


def test_the_time_to_look_for_a_cut_grows_with_the_text_and_no_faster() -> None:
    minutes = joined([recorded("en_male")] * 15, pause=0.5)
    for text in ("a. " * 15_000, "a" + "." * 40_000):
        before = time.monotonic()
        excerpt.find(minutes, RATE, text, references.LONGEST)
        assert time.monotonic() - before < 10


@pytest.mark.parametrize("broken", [b"RIFF but no wave", wave(np.ones(10))[:30], b""])
def test_a_broken_wave_is_told_when_it_is_listed_and_when_it_is_read(broken: bytes) -> None:
    for call in (references.language, lambda *files: references.read(*files, RATE)):
        with pytest.raises(VoiceUnusable, match=r"\.wav that cannot be read \([A-Z][^<]*\)\. Export or copy it again"):
            call("amy", broken, about("Hello there"))


@pytest.mark.parametrize(
    "broken",
    [
        *(b"{", b"[]", b"3", b'{"text": "Hi"}', b"\xff", b'{"text": 3, "language": "en"}'),
        *(about("Hi", rate=rate) for rate in (90, "fast", 0.1)),
        *(b"[" * 100_000, b'{"text": "Hi \\ud800", "language": "en"}', b'{"text": "Hi", "language": "\\udc00"}'),
    ],
)
def test_a_broken_json_is_told_with_what_belongs_into_it(broken: bytes) -> None:
    for call in (references.language, lambda *files: references.read(*files, RATE)):
        with pytest.raises(VoiceUnusable, match=r"2 to 9 syllables a second"):
            call("amy", wave(recorded("en_male")), broken)


def test_what_will_be_heard_in_every_passage_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    said, text = recorded("en_male"), text_of("en_male")
    read(said, text)
    assert not caplog.messages
    noise = 0.03 * np.random.default_rng(0).standard_normal(len(said))
    clipped = np.clip(said * 8, -1, 1)
    for spoilt, sign in [(clipped, "is clipped"), (said * 0.02, "very quiet"), (said + noise, "noise lies only")]:
        caplog.clear()
        read(spoilt.astype(np.float32), text)
        assert any(sign in message for message in caplog.messages), (sign, caplog.messages)


def test_speech_begins_and_ends_where_silence_says() -> None:
    samples = read(np.pad(recorded("vi_female"), RATE), text_of("vi_female")).samples
    first, last = silence.trim(samples, RATE, references.HEAD, references.TAIL)
    assert first == 0
    assert last == len(samples), "a trimmed reference is not trimmed again"
