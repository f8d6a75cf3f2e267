from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.speech.passages import (
    CLAUSE_PAUSE,
    MAX_CHARACTERS,
    MAX_SYLLABLES,
    PARAGRAPH_PAUSE,
    SENTENCE_PAUSE,
    speakable,
    split,
    syllables,
)

SENTENCES = [
    ("en", ["One.", "Two!", "Three?"]),
    ("en", ["Mr. Smith met Dr. Jones at 5 p.m. sharp.", "They talked."]),
    ("en", ["He left at 5 p.m.", "She stayed."]),
    ("en", ["It costs $3.50 or 2.5 euros.", "Fine."]),
    ("en", ["He lives in the U.S. Army base.", "I know."]),
    ("en", ["J. K. Rowling wrote it.", "Yes."]),
    ("en", ['"Go home." He went.'[:10], "He went."]),
    ("en", ['"Really?" he said.', "Nobody knew."]),
    ("en", ["Wait... what?", "No!"]),
    ("en", ["See www.example.com for more.", "Bye."]),
    ("en", ["I said no.", "Then he left."]),
    ("en", ["See no. 5 on the list.", "Good."]),
    ("en", ["Apples, pears, etc. are fruit.", "Good."]),
    ("en", ["(It is so.)", "Good."]),
    ("en", ["Since Nov. 3 it rains.", "Good."]),
    ("vi", ["Anh ấy sống ở TP. Hồ Chí Minh.", "Tôi cũng vậy."]),
    ("vi", ["PGS.TS. Nam đã đến.", "Ông nói ngắn."]),
    ("vi", ["Có cam, quýt v.v. rất ngon.", "Mời ăn."]),
    ("vi", ["Nhà ở Q. 1 rất đắt.", "Thật đấy!"]),
    ("vi", ["Ông Nguyễn Văn A. đã nói 3.14 là số pi.", "Đúng."]),
    ("vi", ["“Thật sao?” anh hỏi.", "Không ai biết."]),
    ("vi", ["Dân số là 1.234.567 người.", "Nhiều quá…", "Thôi."]),
]


@pytest.mark.parametrize(("language", "expected"), SENTENCES)
def test_sentences_end_where_a_reader_would_end_them(language: str, expected: list[str]) -> None:
    text = " ".join(expected)
    passages = split(text, language)
    assert [text[passage.start : passage.end] for passage in passages] == expected
    assert [passage.sentence for passage in passages] == list(range(len(expected)))


def test_headings_list_items_and_paragraphs_end_sentences() -> None:
    text = (
        "A heading\n\nFirst line of a paragraph that was\nwrapped by hand.\nShort title\nNext. Items:\n- one\n- two\n1. three\n"
    )
    passages = split(text, "en")
    assert [text[one.start : one.end] for one in passages] == [
        "A heading",
        "First line of a paragraph that was\nwrapped by hand.",
        "Short title",
        "Next.",
        "Items:",
        "- one",
        "- two",
        "1. three",
    ]
    assert passages[0].pause == PARAGRAPH_PAUSE
    assert passages[1].pause == SENTENCE_PAUSE
    assert passages[5].spoken == "one"


def test_windows_line_ends_are_line_ends() -> None:
    passages = split("One\r\n\r\nTwo", "en")
    assert [(one.start, one.end, one.pause) for one in passages] == [(0, 3, PARAGRAPH_PAUSE), (7, 10, 0.0)]


def test_pauses_follow_what_ends_and_nothing_follows_the_last() -> None:
    assert [one.pause for one in split("One. Two.\n\nThree.", "en")] == [SENTENCE_PAUSE, PARAGRAPH_PAUSE, 0.0]


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    clause = "this clause goes on for quite a while without saying very much at all"
    text = f"{clause}, {clause}; {clause}, and {clause}."
    passages = split(text, "en")
    assert len(passages) == 2
    assert text[passages[0].start : passages[0].end].endswith(";")
    assert {one.sentence for one in passages} == {0}
    assert [one.pause for one in passages] == [CLAUSE_PAUSE, 0.0]


def test_a_long_sentence_without_marks_is_cut_between_words() -> None:
    text = "không có dấu câu nào trong câu rất dài này " * 20
    passages = split(text, "vi")
    words = [word for one in passages for word in one.spoken.split(" ")]
    assert words == text.split()
    assert all(len(one.spoken) <= MAX_CHARACTERS for one in passages)


@pytest.mark.parametrize("text", ["a" * 5000, "7" * 5000, "https://example.com/" + "abc/" * 1000])
def test_text_without_any_space_is_still_cut(text: str) -> None:
    passages = split(text, "en")
    assert len(passages) >= 5000 // MAX_CHARACTERS
    assert all(0 < len(one.spoken) <= MAX_CHARACTERS for one in passages)
    assert passages[0].start == 0
    assert passages[-1].end == len(text)


@pytest.mark.parametrize("text", ["", "  \n\n ", "***", "😀 👍🏽", "... !!! ---", "\u200b\ufeff", "()[]"])
def test_a_text_without_anything_to_say_has_no_passages(text: str) -> None:
    assert split(text, "vi") == []
    assert not speakable(text, "vi")


def test_what_cannot_be_said_takes_no_number() -> None:
    passages = split("Một.\n\n***\n\nHai.", "vi")
    assert [(one.spoken, one.sentence) for one in passages] == [("Một.", 0), ("Hai.", 1)]
    assert speakable("*** Hai", "vi")


TEXTS = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            [
                "One two",
                ". ",
                "! ",
                "\n",
                "\n\n",
                "TP. ",
                "3.14",
                "1/2/2026 ",
                ", ",
                "😀",
                "a" * 90,
                "12345678 ",
                '"',
                "e\u0301",
                "- ",
            ]
        ),
        max_size=40,
    ).map("".join),
)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(["vi", "en"]), st.sampled_from([20, 60, MAX_CHARACTERS]))
@example("0:¼0", "vi", 20)
def test_passages_lie_in_order_and_their_spans_cover_them(text: str, language: str, most: int) -> None:
    passages = split(text, language, max_characters=most)
    for before, after in itertools.pairwise(passages):
        assert before.start <= before.end <= after.start <= after.end
        assert after.sentence - before.sentence in (0, 1)
        assert before.pause > 0
    for passage in passages:
        assert 0 < len(passage.spoken) <= most
        assert any(character.isalpha() for character in passage.spoken)
        assert passage.spoken == passage.spoken.strip()
        assert [0, *(span.end for span in passage.spans)] == [*(span.start for span in passage.spans), len(passage.spoken)]
        assert all(passage.start <= span.original_start <= span.original_end <= passage.end for span in passage.spans)


def test_a_book_is_split_whole() -> None:
    text = "Hôm nay là ngày 21/11/2026, giá 5 triệu đồng (tăng 3,5%). Xin chào TP.HCM!\n" * 4000
    assert len(split(text, "vi")) == 8000


HARD = [
    ("vi", "à ơ í ê ạ ô ư ơ " * 60),
    ("vi", "Ô hô ba cô bé kể về bố mẹ và ba má ở quê nhà " * 12),
    ("vi", "A, B, C, D, Đ, E, G, H, I, K, L, M, N, O, P, Q, R, S, T, U, V, X, Y; " * 8),
    ("vi", "Nghiêng nghiêng những chiếc thuyền thúng chuyên chở người nghèo xuyên qua ghềnh thác " * 8),
    ("en", "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z " * 6),
    ("en", "I am as we go up to an ox or a cow by an oak in it " * 10),
    ("en", "strengths lengths months sixths twelfths breadths depths widths " * 10),
    ("en", "incomprehensibilities internationalisation counterrevolutionaries " * 8),
    ("en", "漢字仮名交じり文を読み上げる声" * 20),
    ("en", "안녕하세요 여러분 오늘은 날씨가 좋습니다 " * 12),
]


@pytest.mark.parametrize(("language", "text"), HARD)
def test_no_passage_has_more_syllables_than_a_voice_speaks_in_one_piece(language: str, text: str) -> None:
    for most in (MAX_CHARACTERS, MAX_CHARACTERS // 2):
        passages = split(text, language, most)
        assert all(len(one.spoken) <= most for one in passages)
        assert all(syllables(one.spoken) <= most * MAX_SYLLABLES + 1e-6 for one in passages)
        assert "".join("".join(one.spoken for one in passages).split()) == "".join(split_whole(text, language).split())


def split_whole(text: str, language: str) -> str:
    """What is spoken when nothing is cut."""
    return " ".join(one.spoken for one in split(text, language, 10**6))


def test_syllables_of_both_languages_are_counted_within_a_fifth() -> None:
    for text, count in [
        ("Hôm nay trời đẹp và chúng tôi đi dạo trong công viên.", 12),
        ("Từ bắc vào nam, nước ta dài khoảng một nghìn sáu trăm ki lô mét.", 16),
        ("The weather is fine today, and we are going for a walk.", 14),
        ("You can listen while you walk, cook or ride the bus.", 12),
        ("The committee will publish its recommendations in January.", 17),
    ]:
        assert syllables(text) == pytest.approx(count, rel=0.2)


def test_equal_parts_are_told_by_syllables() -> None:
    text = "ba cô bé ở quê ra " * 5 + "nghiêng nghiêng những chiếc thuyền thúng chuyên chở " * 3
    passages = split(text, "vi")
    assert len(passages) == 2
    first, second = (syllables(one.spoken) for one in passages)
    assert first == pytest.approx(second, rel=0.2)
