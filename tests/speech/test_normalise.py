"""What holds for every text, in both languages."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.speech.model import Span
from pipeline.speech.normalise import normalise

#: What the rules look for, and what is odd in Unicode.
PARTS = (
    "21/11/2026 14:30 9h30 $5.99 1.234.567 1,234 XXI thế kỷ tháng 4 TP.HCM API www.a.vn e.g. v.v. 5km/h m² ① ٣ 𝟙 Ⅳ é 😀 1️⃣ ( ) "
    "- … — U.S. Nov 3rd 1990s +84 912 345 678 3.11.2 #1 a@b.co £3m ㎞ İ ǅ ﬁ"
)
LANGUAGES = st.sampled_from(["vi", "en"])
#: Random characters, and random sequences of what the rules look for.
TEXTS = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="0123456789.,/-:+% $€đkmhTPQ²½'\"aI\n", max_size=60),
    st.lists(
        st.sampled_from(PARTS.split(" ")),
        max_size=12,
    ).map("".join),
    st.lists(st.sampled_from(["12", " ", "-", "/", ".", "h", "%", "₫", "Chapter ", "IV", "ngày ", "in "]), max_size=20).map(
        "".join
    ),
)


def _covers(spoken: str, spans: tuple[Span, ...]) -> bool:
    return [0, *(span.end for span in spans)] == [*(span.start for span in spans), len(spoken)]


@settings(max_examples=400, deadline=None)
@given(TEXTS, LANGUAGES)
def test_every_text_becomes_words_that_lie_in_order_on_the_original(text: str, language: str) -> None:
    spoken, spans = normalise(text, language)
    assert not any(unicodedata.category(character)[0] in "NC" for character in spoken)
    assert all(
        character.isalpha() or unicodedata.category(character)[0] in "LM" or character in " .,;:!?'\"()-"
        for character in spoken
    )
    assert spoken == spoken.strip(" ")
    assert "  " not in spoken
    assert _covers(spoken, spans)
    assert all(span.start < span.end for span in spans)
    for places in ([span.original_start for span in spans], [span.original_end for span in spans]):
        assert places == sorted(places)
    assert all(0 <= span.original_start < span.original_end <= len(text) for span in spans)


@given(st.text(alphabet="abcđêệ óư ,.", max_size=60), LANGUAGES)
def test_plain_words_keep_every_letter_in_its_place(text: str, language: str) -> None:
    spoken, spans = normalise(text, language)
    for span in spans:
        if span.end - span.start == span.original_end - span.original_start and spoken[span.start : span.end].strip(" "):
            assert spoken[span.start : span.end] == text[span.original_start : span.original_end]


def test_a_reading_stands_for_exactly_what_was_written() -> None:
    text = "Có 1.234 bạn ở TP.HCM."
    spoken, spans = normalise(text, "vi")
    said = {text[s.original_start : s.original_end]: spoken[s.start : s.end] for s in spans}
    assert said["1.234"] == "một nghìn hai trăm ba mươi tư"
    assert said["TP.HCM"] == "Thành phố Hồ Chí Minh"


def test_words_a_rule_leaves_as_they_are_keep_their_own_place() -> None:
    text = "On November 21 we met"
    spoken, spans = normalise(text, "en")
    said = {text[s.original_start : s.original_end]: spoken[s.start : s.end] for s in spans}
    assert said["21"] == "twenty-first"


def test_composed_letters_keep_the_place_of_their_parts() -> None:
    text = "Vie\u0323\u0302t Nam"
    spoken, spans = normalise(text, "vi")
    assert spoken == "Việt Nam"
    composed = next(span for span in spans if spoken[span.start : span.end] == "ệ")
    assert text[composed.original_start : composed.original_end] == "e\u0323\u0302"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="'fr'"):
        normalise("bonjour", "fr")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_text_makes_a_rule_track_back_over_the_whole(language: str) -> None:
    """Work that grew with the square of these lengths would take hours; the deadline is for that, not for speed."""
    for pattern in [
        "1",
        "1,",
        "1-",
        "1/",
        "a@",
        "a.",
        "(1 ",
        "http://",
        "A.B",
        "e\u0301",
        "\u0301",
        "I ",
        "$1",
        "12 km ",
        "ngày ",
    ]:
        text = pattern * (50_000 // len(pattern))
        assert not any(character.isdigit() for character in normalise(text, language).spoken)
