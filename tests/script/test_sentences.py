from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.script.sentences import parts_of, sentences_of


@pytest.mark.parametrize(
    "sentences",
    [
        ["It rains.", "We stay."],
        ["Dr. Smith met J. K. Rowling at 5 p.m. on Monday.", "They talked, e.g. about 3.14 and U.S. books."],
        ["Is it?", "Yes!", "“Truly?”", "(It is.)", "1,000 of them."],
        ["He said “no.”", "She left…", "Then silence."],
        ["TP. Hồ Chí Minh có PGS.TS. Nguyễn Văn An.", "Ông sinh năm 1950.", "Đúng vậy!"],
        ["Có cam, quýt, v.v. và nhiều thứ khác.", "Giá 1.000.000 đồng."],
        ["1. Wash the rice.", "Wait for 20 min. or so."],
        ["A line without an end"],
        ["He came in 1998.", "Who knows?"],
        ["It is No. 5.", "So what?"],
        ["He was born c. 1950 in St. Louis.", "Then he moved to the U.S.", "He liked it."],
        ["So did I.", "But nobody saw Nguyễn T. An."],
    ],
)
def test_sentences_end_where_a_reader_sees_it(sentences: list[str]) -> None:
    assert sentences_of(" ".join(sentences)) == sentences


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from('abAB1.!?…"” ()\nđĐ'), max_size=120))
def test_no_character_of_a_text_is_lost(text: str) -> None:
    assert "".join("".join(sentences_of(text)).split()) == "".join(text.split())


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("abcdefg,;: "), max_size=400), st.integers(5, 60))
def test_parts_of_a_long_sentence_fit_and_hold_all_of_it(text: str, longest: int) -> None:
    parts = parts_of(text, longest)
    assert all(len(part) <= longest for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_long_sentence_is_parted_at_a_comma() -> None:
    assert parts_of("one two three, four five six seven", 20) == ["one two three,", "four five six seven"]
