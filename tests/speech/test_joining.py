from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.speech.joining import KEPT_SILENCE, join
from pipeline.speech.model import Narration, Passage, Sound
from pipeline.speech.passages import split

RATE = 24_000
TEXT = 'Năm 2026, TP.HCM có 1.234 "cây cầu" mới. Yes!\n\nHẹn gặp lại lúc 9h30 nhé (thật đấy), anh & em.'


def tone(seconds: float, silence: float = 0.0) -> np.ndarray:
    """A loud 200 Hz tone that begins and ends at its height, between two silences."""
    sound = 0.8 * np.cos(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)
    quiet = np.zeros(round(silence * RATE))
    return np.concatenate([quiet, sound, quiet]).astype(np.float32)


def spoken(passage: Passage, each: float = 0.05, silence: float = 0.0, timing: str = "aligned") -> Sound:
    """A sound in which every character lasts `each` seconds."""
    count = len(passage.spoken)
    ends = tuple(silence + each * (index + 1) for index in range(count))
    return Sound(tone(each * count, silence), RATE, ends, timing)


def narrate(text: str = TEXT, language: str = "vi", **more: float) -> tuple[list[Passage], Narration]:
    passages = split(text, language)
    return passages, join(text, passages, [spoken(one, **more) for one in passages])  # type: ignore[arg-type]


def test_a_word_is_heard_exactly_while_its_characters_are() -> None:
    passages, narration = narrate()
    words = {word.text: word for word in narration.words}
    first = passages[0].spoken
    for written, said in [("2026", "hai nghìn không trăm hai mươi sáu"), ("TP.HCM", "Thành phố Hồ Chí Minh"), ("cây", "cây")]:
        place = first.index(said)
        assert words[written].start == pytest.approx(0.05 * place)
        assert words[written].end == pytest.approx(0.05 * (place + len(said)))


def test_every_spoken_word_of_the_original_is_timed_once_and_in_order() -> None:
    _, narration = narrate()
    expected = "Năm 2026 TP.HCM có 1.234 cây cầu mới Yes Hẹn gặp lại lúc 9h30 nhé thật đấy anh & em"
    assert " ".join(word.text for word in narration.words) == expected
    for timing in (*narration.words, *narration.sentences):
        assert timing.text == TEXT[timing.offset : timing.offset + len(timing.text)]
        assert 0 <= timing.start < timing.end <= narration.duration + 1e-9
    for before, after in itertools.pairwise(narration.words):
        assert before.end <= after.start + 1e-9
    for word in narration.words:
        home = [s for s in narration.sentences if s.offset <= word.offset < s.offset + len(s.text)]
        assert len(home) == 1
        assert home[0].start - 1e-9 <= word.start
        assert word.end <= home[0].end + 1e-9


def test_sentences_begin_and_end_with_their_sound() -> None:
    passages, narration = narrate()
    position = 0.0
    for passage, sentence in zip(passages, narration.sentences, strict=True):
        assert sentence.start == pytest.approx(position)
        assert sentence.end == pytest.approx(position + 0.05 * len(passage.spoken))
        position = sentence.end + passage.pause
    assert narration.duration == pytest.approx(narration.sentences[-1].end)


def test_a_sentence_of_several_passages_is_one_timing() -> None:
    text = "một hai ba bốn năm sáu bảy tám chín mười, " * 8 + "hết."
    passages, narration = narrate(text)
    assert len(passages) > 1
    assert len(narration.sentences) == 1
    assert narration.sentences[0].text == text
    assert narration.sentences[0].end == pytest.approx(narration.duration)
    assert len(narration.words) == 81


def test_each_sentence_tells_how_its_times_are_known_the_worst_of_its_passages() -> None:
    text = "Một hai. " + "một hai ba bốn năm sáu bảy tám chín mười, " * 8 + "hết. Ba."
    passages = split(text, "vi")
    timings = ["aligned"] * len(passages)
    timings[2], timings[-1] = "proportional", "laid"
    sounds = [spoken(passage, timing=timing) for passage, timing in zip(passages, timings, strict=True)]
    narration = join(text, passages, sounds)
    assert [sentence.timing for sentence in narration.sentences] == ["aligned", "proportional", "laid"]
    assert not narration.exact_words
    assert join(text, passages, [spoken(passage, timing="laid") for passage in passages]).exact_words
    assert [sentence["timing"] for sentence in narration.timings_to_json()["sentences"]] == ["aligned", "proportional", "laid"]


def test_seams_do_not_click() -> None:
    passages, narration = narrate()
    steepest_inside = 0.8 * 2 * np.pi * 200 / RATE
    assert np.abs(np.diff(narration.samples)).max() < 1.5 * steepest_inside
    for passage, sentence in zip(passages, narration.sentences, strict=True):
        assert abs(narration.samples[round(sentence.start * RATE)]) < 1e-6
        after = narration.samples[round(sentence.end * RATE) :][: round(passage.pause * RATE)]
        assert not after.any()


def test_silence_around_a_passage_is_cut_and_the_timings_follow() -> None:
    passages, narration = narrate(silence=0.5)
    length = 0.05 * len(passages[0].spoken)
    assert narration.sentences[0].end == pytest.approx(length + 2 * KEPT_SILENCE, abs=0.002)
    assert narration.words[1].text == "2026"
    assert narration.words[1].start == pytest.approx(KEPT_SILENCE + 0.05 * 4, abs=0.002)
    middle = narration.samples[round((KEPT_SILENCE + 0.1) * RATE) : round((KEPT_SILENCE + length - 0.1) * RATE)]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.8 / np.sqrt(2), rel=0.01)


def test_a_passage_of_mere_silence_keeps_its_length() -> None:
    passages = split("Một. Hai.", "vi")
    narration = join("Một. Hai.", passages, [Sound(np.zeros(RATE, np.float32), RATE, (0.2, 0.4, 0.6, 0.8), "proportional")] * 2)
    assert narration.duration == pytest.approx(2 + passages[0].pause)
    assert not narration.samples.any()


def test_pauses_can_be_scaled() -> None:
    passages = split("Một. Hai.", "vi")
    sounds = [spoken(one) for one in passages]
    short, long = join("Một. Hai.", passages, sounds, pause_scale=0.5), join("Một. Hai.", passages, sounds, pause_scale=2)
    assert long.duration - short.duration == pytest.approx(1.5 * passages[0].pause, abs=1e-3)


def test_times_that_run_past_the_sound_or_backwards_are_held_within_it() -> None:
    passages = split("Một hai.", "vi")
    ends = (0.1, 0.05, 0.2, 0.3, 0.3, 0.4, 9.0, 9.0)
    narration = join("Một hai.", passages, [Sound(tone(0.5), RATE, ends, "laid")])
    assert [(round(word.start, 3), round(word.end, 3)) for word in narration.words] == [(0.0, 0.2), (0.3, 0.5)]


def test_sounds_that_do_not_fit_are_refused() -> None:
    passages = split("Một. Hai.", "vi")
    good = [spoken(one) for one in passages]
    for sounds, message in [
        (good[:1], "one sound a passage"),
        ([good[0], Sound(good[1].samples, 16_000, (), "laid")], "different rates"),
        ([good[0], Sound(good[1].samples, RATE, (0.1,), "laid")], "times for 1"),
        ([good[0], Sound(np.full(10, np.nan, np.float32), RATE, (), "laid")], "no numbers"),
        ([good[0], Sound(np.zeros((10, 2), np.float32), RATE, (), "laid")], "mono"),
    ]:
        with pytest.raises(ValueError, match=message):
            join("Một. Hai.", passages, sounds)
    with pytest.raises(ValueError, match="at least one"):
        join("", [], [])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([*TEXT, "12 ", "1/2/2026 ", "e.g. ", "😀", " ", ". ", "e\u0301", "a" * 250]), max_size=40).map(
        "".join
    )
)
def test_words_of_any_text_are_in_order_and_within_the_sound(text: str) -> None:
    passages = split(text, "en")
    if not passages:
        return
    narration = join(text, passages, [spoken(one, each=0.01) for one in passages])
    assert narration.words
    ends = 0.0
    for word in narration.words:
        assert word.text == text[word.offset : word.offset + len(word.text)]
        assert word.text.strip() == word.text != ""
        assert ends - 1e-9 <= word.start <= word.end <= narration.duration + 1e-9
        ends = word.end
    assert [word.offset for word in narration.words] == sorted({word.offset for word in narration.words})
