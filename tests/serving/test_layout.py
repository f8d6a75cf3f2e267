from __future__ import annotations

import unicodedata

import pytest
import torch

from serving.checkpoint import Checkpoint
from serving.engine import Engine
from serving.errors import BadRequest, NothingToSay, TooLong, UnknownVoice
from serving.layout import Concatenated
from serving.voices import Voice


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
VOICE = Voice("v", "en", "Hello abc", torch.zeros(110, 100), 1.0, None)


def test_concatenated_text_is_reference_and_text_with_unknown_characters_as_token_0() -> None:
    laid = Concatenated(VOCAB, lowercase=False).lay("He said 你好.", VOICE, 1.0)
    entries = {token: entry for entry, token in VOCAB.items()}
    assert [entries[token] for token in laid.tokens.tolist()] == [*"Hello abc. He said ", " ", "ni2", " ", "hao3", "."]
    assert laid.character_ends is None


def test_concatenated_duration_follows_the_pace_of_the_reference() -> None:
    layout = Concatenated(VOCAB, lowercase=True)
    assert layout.lay("a" * 22, VOICE, 1.0).frames == 110 + 220, "11 bytes of reference took 110 frames"
    assert layout.lay("a" * 22, VOICE, 2.0).frames == 110 + 110
    assert layout.lay("a", VOICE, 1.0).frames == 110 + 100, "a very short text gets the time of ten bytes"


def test_concatenated_text_never_has_more_tokens_than_frames() -> None:
    brief = Voice("v", "en", "Hello abc", torch.zeros(5, 100), 1.0, None)
    laid = Concatenated(VOCAB, lowercase=True).lay("abc abc abc", brief, 2.0)
    assert laid.frames > len(laid.tokens)
