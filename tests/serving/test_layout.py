from __future__ import annotations

import dataclasses
import unicodedata

import pytest
import torch

from pipeline.speech.passages import MAX_CHARACTERS, split
from serving.checkpoints.checkpoint import Checkpoint
from serving.engine import Engine
from serving.errors import BadRequest, NothingToSay, TooLong, UnknownVoice
from serving.layouts import layout, pace
from serving.layouts.layout import Concatenated
from serving.voices import references
from serving.voices.voice import Voice
from tests.speech.test_passages import HARD


def ends(sample: Checkpoint, text: str, speed: float = 1.0) -> tuple[int, ...]:
    laid = sample.layout.lay(text, sample.voices["en_female"], speed)
    assert laid.character_ends is not None
    return laid.character_ends


def test_aligned_text_has_one_token_a_frame_and_begins_with_the_reference(sample: Checkpoint) -> None:
    voice = sample.voices["en_female"]
    laid = sample.layout.lay("Hello world.", voice, 1.0)
    assert laid.tokens.shape == (laid.frames,)
    vocab = list(sample.vocabulary)
    assert voice.characters_of_frames is not None
    assert "".join(vocab[token] for token in laid.tokens[: voice.frames]) == "".join(
        voice.text[at] for at in voice.characters_of_frames[: voice.frames]
    )
    spoken = "".join(vocab[token] for token in laid.tokens[voice.frames :])
    once = "".join(now for now, before in zip(spoken, "\0" + spoken, strict=False) if now != before)
    assert once == " helo world."


def test_every_character_sent_has_an_end_and_ends_never_go_back(sample: Checkpoint) -> None:
    text = "Hello, WORLD! 漢字 and  more…"
    found = ends(sample, text)
    assert len(found) == len(text)
    assert list(found) == sorted(found)
    laid = sample.layout.lay(text, sample.voices["en_female"], 1.0)
    assert found[-1] == laid.frames - sample.voices["en_female"].frames


def test_a_dropped_character_ends_with_the_one_before_it(sample: Checkpoint) -> None:
    plain, dropped = ends(sample, "hello"), ends(sample, "he漢漢llo")
    assert dropped[:2] == plain[:2]
    assert dropped[2] == dropped[3] == plain[1]
    assert dropped[4:] == plain[2:]


def test_capitals_are_spoken_like_small_letters(sample: Checkpoint) -> None:
    assert ends(sample, "HELLO Việt Nam") == ends(sample, "hello việt nam")


def test_decomposed_letters_are_spoken_like_composed_ones(sample: Checkpoint) -> None:
    composed = "Tiếng Việt"
    decomposed = unicodedata.normalize("NFD", composed)
    found = ends(sample, decomposed)
    assert len(found) == len(decomposed) > len(composed)
    assert found[-1] == ends(sample, composed)[-1]
    assert sorted(set(found)) == sorted(set(ends(sample, composed)))


def test_speed_shortens_speech_in_proportion(sample: Checkpoint) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    normal, fast, slow = ends(sample, text)[-1], ends(sample, text, 2.0)[-1], ends(sample, text, 0.5)[-1]
    assert fast == pytest.approx(normal / 2, abs=1)
    assert slow == pytest.approx(normal * 2, abs=2)


@pytest.mark.parametrize("text", ["漢字", "\u0301", "☃ ☃"])
def test_a_text_without_a_speakable_character_is_refused(sample: Checkpoint, text: str) -> None:
    with pytest.raises(NothingToSay):
        sample.layout.lay(text, sample.voices["en_female"], 1.0)


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
#: Seconds of a frame, and frames of a syllable of a voice that speaks five a second.
FRAME, SYLLABLE = 256 / 24_000, 18.75


def reference(frames: int = 110) -> Voice:
    return Voice("v", "en", "Hello abc", torch.zeros(frames, 100), 1.0, None, 0.1, SYLLABLE, FRAME, "")


VOICE = reference()


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
    assert spoken(LONG) == pytest.approx(spoken(without_marks), rel=0.15), "though it takes more bytes"


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
