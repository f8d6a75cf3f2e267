from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.speech.model import Timing
from pipeline.subtitles.breaks import lines_of
from pipeline.subtitles.chunks import chunks
from pipeline.subtitles.cues import TALL, WIDE, Cue, Rules, cues, rules_for, shifted

from .narrated import ENGLISH, VIETNAMESE, narrate

TEXTS = pytest.mark.parametrize("text", [ENGLISH, VIETNAMESE], ids=["english", "vietnamese"])
RULES = pytest.mark.parametrize("rules", [WIDE, TALL], ids=["wide", "tall"])


def squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


@TEXTS
@RULES
def test_every_sign_of_the_text_stands_in_exactly_one_cue(text: str, rules: Rules) -> None:
    found = cues(text, *narrate(text), rules)
    assert squeezed("".join(cue.text for cue in found)) == squeezed(text)


@TEXTS
@RULES
def test_cues_have_at_most_two_lines_of_the_allowed_length(text: str, rules: Rules) -> None:
    for cue in cues(text, *narrate(text), rules):
        assert 1 <= len(cue.lines) <= 2
        assert all(0 < len(line) <= rules.width for line in cue.lines)


@TEXTS
@RULES
def test_cues_follow_one_another_without_overlap_and_stay_long_enough(text: str, rules: Rules) -> None:
    found = cues(text, *narrate(text), rules)
    for cue, following in itertools.pairwise(found):
        assert cue.end <= following.start
    assert all(cue.end - cue.start >= rules.shortest for cue in found)
    assert all(cue.end - cue.start <= rules.longest for cue in found)


@TEXTS
def test_a_cue_is_on_the_screen_whenever_a_word_is_heard(text: str) -> None:
    words, sentences = narrate(text)
    found = cues(text, words, sentences)
    for word in words:
        middle = (word.start + word.end) / 2
        shown = next(cue for cue in found if cue.start <= middle < cue.end)
        assert word.text in shown.text


def test_a_long_pause_leaves_the_screen_empty_and_a_short_one_does_not() -> None:
    text = "One thing is said here. Another one follows it."
    words, sentences = narrate(text, pause=3.0)
    first, second = cues(text, words, sentences)
    assert second.start - first.end > 1.5
    words, sentences = narrate(text, pause=0.3)
    first, second = cues(text, words, sentences)
    assert first.end == second.start


def test_cues_break_at_clauses_before_anything_else() -> None:
    text = "When the drops grow too heavy for the air to hold, they fall to the ground and run back to the sea at last."
    found = cues(text, *narrate(text))
    assert found[0].text.replace("\n", " ").endswith("hold,")


def test_lines_are_balanced_and_no_article_ends_one() -> None:
    text = "The water that rises from the warm sea cools above the ground"
    words, sentences = narrate(text)
    lines, _ = lines_of(chunks(text, words, sentences), 42) or ((), 0.0)
    assert abs(len(lines[0]) - len(lines[1])) <= 12
    assert lines[0].split()[-1] not in ("the", "from", "that")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Vịnh này được công nhận là di sản thế giới và đón du khách", "thế giới"),
        ("Cả hai đều có di sản thế giới được UNESCO ghi danh.", "thế giới"),
        ("Năm 1010 nhà vua quyết định dời đô từ Hoa Lư về thành Đại La", "Hoa Lư"),
        ("Nhà vua đổi tên thành Đại La thành kinh đô Thăng Long mới", "Thăng Long"),
        ("The ferry from the old town over to New York sails every hour", "New York"),
    ],
)
def test_no_break_parts_a_compound_or_a_name(text: str, whole: str) -> None:
    """Whatever the width, as long as a break elsewhere is at all possible."""
    words, sentences = narrate(text)
    for width in range(24, 43):
        shown = cues(text, words, sentences, Rules(width=width))
        assert any(whole in line for cue in shown for line in cue.lines), [cue.text for cue in shown]


def test_quotes_brackets_and_dashes_stay_with_their_words() -> None:
    text = "“Why?” she asked (twice) — and/or smiled."
    assert [chunk.text for chunk in chunks(text, *narrate(text))] == [
        "“Why?”",
        "she",
        "asked",
        "(twice) —",
        "and/",
        "or",
        "smiled.",
    ]


def test_a_word_longer_than_a_line_is_cut_and_keeps_its_time() -> None:
    text = "See " + "x" * 100 + " now."
    words, sentences = narrate(text)
    found = cues(text, words, sentences, TALL)
    assert squeezed("".join(cue.text for cue in found)) == squeezed(text)
    assert all(len(line) <= TALL.width for cue in found for line in cue.lines)
    assert found[-1].end >= words[-1].end - 0.04


def test_decomposed_letters_come_out_composed() -> None:
    text = unicodedata.normalize("NFD", "Tiếng Việt rất đẹp.")
    word = Timing(text, 0, 0.0, 2.0)
    assert cues(text, [word], [word])[0].text.replace("\n", " ") == "Tiếng Việt rất đẹp."


def test_a_sentence_without_words_is_shown_for_its_own_time() -> None:
    text = "Wait. 😀 Go on."
    words = [Timing("Wait", 0, 0.0, 1.2), Timing("Go", 8, 4.0, 4.6), Timing("on", 11, 4.6, 5.4)]
    sentences = [Timing("Wait.", 0, 0.0, 1.2), Timing("😀", 6, 2.2, 3.2), Timing("Go on.", 8, 4.0, 5.4)]
    assert [cue.text for cue in cues(text, words, sentences)] == ["Wait.", "😀", "Go on."]


def test_no_words_give_no_cues() -> None:
    assert cues("", [], []) == []


def test_times_lie_on_frames_even_when_timings_are_broken() -> None:
    words = [Timing("one", 0, 1.013, 0.9), Timing("two", 4, 0.5, 0.5), Timing("three.", 8, 0.5, 0.51)]
    found = cues("one two three.", words, [Timing("one two three.", 0, 0.5, 1.0)])
    assert found
    for cue in found:
        assert cue.start < cue.end
        assert round(cue.start * 25, 6) == round(cue.start * 25)
        assert round(cue.end * 25, 6) == round(cue.end * 25)


@pytest.mark.parametrize("until", [5.92, 5.9, 5.951, 6.0])
def test_no_cue_outlasts_the_sound(until: float) -> None:
    text = "The water rises from the sea. It falls again."
    words = [Timing("The water rises from the sea", 0, 0.1, 2.6), Timing("It falls again", 30, 4.9, 5.88)]
    sentences = [Timing(text[:29], 0, 0.1, 2.6), Timing(text[30:], 30, 4.9, 5.88)]
    free, ended = cues(text, words, sentences), cues(text, words, sentences, until=until)
    assert free[-1].end > until
    assert ended[:-1] == free[:-1]
    assert until - 0.04 < ended[-1].end <= until
    assert round(ended[-1].end * 25, 6) == round(ended[-1].end * 25)


def test_a_sound_shorter_than_a_frame_shows_its_cue_to_its_end() -> None:
    word = Timing("Go.", 0, 0.0, 0.03)
    assert cues("Go.", [word], [word], until=0.03) == [Cue(0.0, 0.03, ("Go.",))]


def test_the_same_narration_always_gives_the_same_cues() -> None:
    assert cues(ENGLISH, *narrate(ENGLISH)) == cues(ENGLISH, *narrate(ENGLISH))


def test_upright_films_get_shorter_lines() -> None:
    assert rules_for((1080, 1920)).width < rules_for((1920, 1080)).width


def test_shifted_cues_keep_their_lengths() -> None:
    assert shifted([Cue(1.0, 2.5, ("a",))], 10) == [Cue(11.0, 12.5, ("a",))]


@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet="abc ôữ,.-()\n\t“”!?", min_size=1, max_size=160), rules=st.sampled_from([WIDE, TALL]))
def test_any_text_is_shown_whole_within_the_rules(text: str, rules: Rules) -> None:
    words, sentences = narrate(text)
    found = cues(text, words, sentences, rules)
    assert squeezed("".join(cue.text for cue in found)) == squeezed("".join(sentence.text for sentence in sentences))
    assert all(len(line) <= rules.width for cue in found for line in cue.lines)
    assert all(cue.end <= following.start for cue, following in itertools.pairwise(found))
