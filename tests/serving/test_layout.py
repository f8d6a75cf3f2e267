from __future__ import annotations

import dataclasses
import unicodedata

import numpy as np
import pytest
import torch

from pipeline.speech.passages import MAX_CHARACTERS, split
from serving.alignment.words import SILENT
from serving.checkpoints.checkpoint import Checkpoint
from serving.engine import Engine
from serving.errors import BadRequest, NothingToSay, TooLong, UnknownVoice
from serving.layouts import layout, pace
from serving.layouts.durations import LONGEST_FRAMES, Durations
from serving.layouts.layout import Aligned, Concatenated
from serving.model.text import MAX_FRAMES
from serving.pronunciation import inventory
from serving.voices import references
from serving.voices.voice import Voice
from tests.speech.test_passages import HARD

from .recordings import say

PHONES = {token: number for number, token in enumerate(inventory())}
#: Seconds of a frame, and frames of a syllable of a voice that speaks five a second.
FRAME, SYLLABLE = 256 / 24_000, 18.75


def reference(frames: int = 110) -> Voice:
    tokens = torch.full((frames,), PHONES["."])
    return Voice("v", "en", "Hello abc", torch.zeros(frames, 100), 1.0, tokens, 0.1, SYLLABLE, FRAME, "")


VOICE = reference()


@pytest.fixture(scope="module")
def aligned() -> Aligned:
    """With a model of durations that was never trained, so that every phone has another length."""
    torch.manual_seed(0)
    durations = Durations(len(PHONES), width=16, kernel=5, layers=2)
    durations.o.bias.data[:] = 2.0
    return Aligned(PHONES, durations.eval())


def ends(aligned: Aligned, text: str, speed: float = 1.0) -> tuple[float, ...]:
    laid = aligned.lay(text, VOICE, speed)
    assert laid.character_ends is not None
    return laid.character_ends


def test_aligned_text_has_one_phone_a_frame_and_begins_with_the_reference(aligned: Aligned) -> None:
    laid = aligned.lay("Hello, Việt Nam!", VOICE, 1.0)
    assert laid.tokens.shape == (laid.frames,)
    assert VOICE.tokens is not None
    assert torch.equal(laid.tokens[: VOICE.frames], VOICE.tokens)
    names = list(PHONES)
    once = [names[token] for token in torch.unique_consecutive(laid.tokens[VOICE.frames :]).tolist()]
    assert once == ["/h/", "/ə/", "/l/", "/ˈO/", ",", " ", "v", "i", "ệ", "t", " ", "n", "a", "m", "!"]


def test_every_character_sent_has_an_end_and_ends_never_go_back(aligned: Aligned) -> None:
    text = "Hello, WORLD! 漢字 and  more…"
    found = ends(aligned, text)
    assert len(found) == len(text)
    assert list(found) == sorted(found)
    laid = aligned.lay(text, VOICE, 1.0)
    assert found[-1] == pytest.approx(laid.frames - VOICE.frames)


def test_a_word_ends_with_the_frames_of_its_last_phone(aligned: Aligned) -> None:
    text = "Seven ships."
    laid = aligned.lay(text, VOICE, 1.0)
    space = int((laid.tokens[VOICE.frames :] == PHONES[" "]).nonzero()[0])
    assert ends(aligned, text)[len("Seven") - 1] == pytest.approx(space)


def test_a_dropped_character_ends_with_the_one_before_it(aligned: Aligned) -> None:
    plain, dropped = ends(aligned, "hello there"), ends(aligned, "hello 漢 there")
    assert dropped[:5] == pytest.approx(plain[:5])
    assert dropped[-5:] == pytest.approx(plain[-5:])


def test_decomposed_letters_are_spoken_like_composed_ones(aligned: Aligned) -> None:
    composed = "Tiếng Việt"
    decomposed = unicodedata.normalize("NFD", composed)
    found = ends(aligned, decomposed)
    assert len(found) == len(decomposed) > len(composed)
    assert found[-1] == pytest.approx(ends(aligned, composed)[-1])


def test_speed_shortens_speech_in_proportion(aligned: Aligned) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    normal, fast, slow = (ends(aligned, text, speed)[-1] for speed in (1.0, 2.0, 0.5))
    assert fast == pytest.approx(normal / 2, abs=1)
    assert slow == pytest.approx(normal * 2, abs=2)


@pytest.mark.parametrize(("times", "followed"), [(0.8, 0.8), (1.25, 1.25), (4.0, layout.SLOWEST)])
def test_a_text_is_spoken_at_the_pace_of_the_reference(aligned: Aligned, times: float, followed: float) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    usual = aligned.lay(text, VOICE, 1.0)
    said = usual.tokens[VOICE.frames :]
    phones, frames = said.unique_consecutive(return_counts=True)
    paced = dataclasses.replace(VOICE, tokens=phones.repeat_interleave((frames * times).round().long()))
    assert paced.tokens is not None
    found = aligned.lay(text, paced, 1.0).frames - len(paced.tokens)
    assert found == pytest.approx(followed * len(said), rel=0.05)


@pytest.fixture(scope="module")
def hasty() -> Aligned:
    """With a model of durations that gives a phone hardly a frame, as a learnt one does to a lone sound."""
    durations = Durations(len(PHONES), width=16, kernel=5, layers=2)
    durations.o.weight.data[:] = 0
    durations.o.bias.data[:] = 0.3
    return Aligned(PHONES, durations.eval())


@pytest.mark.parametrize("text", ["ạ", "Ô", "a", "I", "no", "7", " y "])
@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_a_lone_sound_gets_a_pause_a_full_stop_and_time_to_be_said(hasty: Aligned, text: str, speed: float) -> None:
    laid = hasty.lay(text, VOICE, speed)
    names = list(PHONES)
    tokens = [names[token] for token in laid.tokens[VOICE.frames :].tolist()]
    said = [token for token in tokens if token not in SILENT]
    assert tokens == [" "] * layout.BEFORE + said + ["."] * layout.AFTER
    assert len(said) * FRAME == pytest.approx(layout.SAID, abs=FRAME)
    found = ends(hasty, text, speed)
    assert len(found) == len(text)
    assert found[-1] == pytest.approx(layout.BEFORE + len(said)), "the mark is none of its characters"


def test_a_lone_sound_keeps_its_own_mark(hasty: Aligned) -> None:
    laid = hasty.lay("Ừ?", VOICE, 1.0)
    names = list(PHONES)
    once = [names[token] for token in laid.tokens[VOICE.frames :].unique_consecutive().tolist()]
    assert once == [" ", "ừ", "?"]
    assert ends(hasty, "Ừ?")[-1] == laid.frames - VOICE.frames


def test_two_words_are_left_as_they_are(hasty: Aligned) -> None:
    laid = hasty.lay("Seven ships", VOICE, 1.0)
    assert PHONES["."] not in laid.tokens[VOICE.frames :]
    assert laid.tokens[VOICE.frames] != PHONES[" "]


@pytest.mark.parametrize("text", ["ạ", "a", "I", "Ô"])
def test_a_lone_sound_is_spoken_by_every_voice(engine: Engine, text: str) -> None:
    for voice in engine.checkpoint.voices.values():
        sound = say(engine, text, voice.name)
        assert len(sound.samples) / sound.rate > 0.2
        assert np.sqrt(np.mean(sound.samples**2)) > 0.1 * voice.level


def test_a_text_that_never_ends_is_refused_before_it_is_laid_out(aligned: Aligned) -> None:
    with pytest.raises(TooLong, match=f"at most {MAX_FRAMES - VOICE.frames} fit"):
        aligned.lay("The quick brown fox jumps over the lazy dog. " * 40, VOICE, 1.0)


def test_no_phone_is_longer_than_any_in_speech() -> None:
    endless = Durations(len(PHONES), width=16, kernel=5, layers=2)
    endless.o.bias.data[:] = 1000.0
    tokens = torch.arange(len(PHONES))
    assert endless.frames(tokens, 1.0).tolist() == [LONGEST_FRAMES] * len(PHONES)
    assert not endless.is_likely


@pytest.mark.parametrize("text", ["漢字", "\u0301", "☃ ☃", "..."])
def test_a_text_without_a_word_that_can_be_spoken_is_refused(aligned: Aligned, text: str) -> None:
    with pytest.raises(NothingToSay):
        aligned.lay(text, VOICE, 1.0)


def test_an_unknown_voice_is_refused_with_the_known_ones(engine: Engine) -> None:
    with pytest.raises(UnknownVoice, match="vi_female"):
        engine.plan("Hello", "nobody", 1.0, 0)


def test_a_passage_that_is_too_long_is_refused_with_the_limit(sample: Checkpoint) -> None:
    small = Engine(sample, max_frames=400)
    room = 400 - sample.voices["en_female"].frames
    with pytest.raises(TooLong, match=f"at most {room} fit") as refused:
        small.plan("This is much too long for such a little engine, is it not?", "en_female", 1.0, 0)
    assert isinstance(refused.value, BadRequest)


VOCAB = {entry: token for token, entry in enumerate([" ", *"abcdefghijklmnopqrstuvwxyz.,AH", "ni2", "hao3"])}


def test_concatenated_text_is_reference_and_text_with_unknown_characters_as_token_0() -> None:
    laid = Concatenated(VOCAB, lowercase=False).lay("He said 你好.", VOICE, 1.0)
    entries = {token: entry for entry, token in VOCAB.items()}
    assert [entries[token] for token in laid.tokens.tolist()] == [*"Hello abc. He said ", " ", "ni2", " ", "hao3", "."]
    assert laid.character_ends is None


def spoken(text: str, speed: float = 1.0, voice: Voice = VOICE) -> float:
    """Seconds that the model is given for a text."""
    return (Concatenated(VOCAB, lowercase=True).lay(text, voice, speed).frames - voice.frames) * FRAME


LONG = "Trời hôm nay đẹp, và chúng tôi đi dạo trong công viên."


def test_concatenated_duration_follows_the_pace_of_the_reference_by_syllables() -> None:
    assert spoken(LONG) == pytest.approx((12 + pace.CLAUSE) / 5 + layout.ROOM, rel=0.05)
    assert spoken(LONG, 2.0) == pytest.approx((12 + pace.CLAUSE) / 10 + layout.ROOM, rel=0.05)
    without_marks = "troi hom nay dep, va chung toi di dao trong cong vien."
    assert spoken(LONG) == pytest.approx(spoken(without_marks), rel=0.2), "though it takes more bytes"


def test_a_short_text_is_given_room_to_be_said_and_not_stretched() -> None:
    for text in ("Yes.", "Ừ.", "No", "ha"):
        assert spoken(text) == pytest.approx(layout.SHORTEST + layout.ROOM, abs=0.02)
        assert spoken(text, 2.0) == spoken(text), "faster, it would be clipped"
    assert spoken("Yes, of course we will.") > spoken("Yes.")


def said(text: str) -> str:
    entries = {token: entry for entry, token in VOCAB.items()}
    return "".join(entries[token] for token in Concatenated(VOCAB, lowercase=False).lay(text, VOICE, 1.0).tokens.tolist())


def test_a_short_text_without_a_mark_ends_like_a_sentence() -> None:
    assert said("Hello").endswith("Hello.")
    assert said("Hello.").endswith("Hello.")
    assert said("Hello,").endswith("Hello,")
    long = "and so on and on and on and on and on and on"
    assert said(long).endswith(long), "a part of a sentence that goes on"


def test_a_passage_longer_than_a_model_was_trained_on_is_refused_with_the_room_after_its_reference() -> None:
    for frames in (200, 1000):
        voice = reference(frames)
        room = int(layout.TRAINED / FRAME) - frames
        with pytest.raises(TooLong, match=f"at most {room} fit after this voice's reference \\({room * FRAME:.0f} s of"):
            spoken(LONG * 20, 1.0, voice)
        spoken(LONG, 1.0, voice)
    with pytest.raises(TooLong):
        spoken(LONG * 8, 0.5)
    spoken(LONG * 8, 1.0)


def test_concatenated_text_never_has_more_tokens_than_frames() -> None:
    laid = Concatenated(VOCAB, lowercase=True).lay("abc" * 60, reference(5), 2.0)
    assert laid.frames > len(laid.tokens)


@pytest.mark.parametrize(("language", "text"), HARD)
@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_what_the_workers_cut_has_room_after_the_longest_reference_of_a_slow_voice(
    language: str, text: str, speed: float
) -> None:
    frames = int(references.LONGEST / FRAME)
    slow = dataclasses.replace(reference(frames), syllable_frames=1 / 2.7 / FRAME)
    for passage in split(text, language, round(MAX_CHARACTERS * min(1.0, speed))):
        speakable = dict.fromkeys(passage.spoken.lower(), 1)
        laid = Concatenated({**VOCAB, **speakable}, lowercase=True).lay(passage.spoken, slow, speed)
        assert laid.frames * FRAME <= layout.TRAINED
