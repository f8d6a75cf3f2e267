from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.documents import Limits, read_text

LIMITS = Limits(bytes=1_000_000, pages=1, characters=300_000)


def blocks(text: str) -> list[tuple[str, str, int]]:
    return [(block.kind, block.text, block.level) for block in read_text(text, "plain", LIMITS).blocks]


def test_paragraphs_are_parted_by_blank_lines_and_wrapped_lines_are_joined() -> None:
    assert blocks("One line\nof many.\r\n\r\n  \nAnother\none.") == [
        ("paragraph", "One line of many.", 0),
        ("paragraph", "Another one.", 0),
    ]


def test_a_short_line_without_a_mark_before_a_paragraph_is_a_heading() -> None:
    assert blocks("The Sea\n\nIt is wide.\n\nThe shore\n\nIt is long.") == [
        ("heading", "The Sea", 1),
        ("paragraph", "It is wide.", 0),
        ("heading", "The shore", 2),
        ("paragraph", "It is long.", 0),
    ]


def test_a_lonely_line_a_sentence_and_a_small_letter_are_no_headings() -> None:
    for text in ("Hello world", "It ends with a stop.\n\nYes.", "and so on\n\nYes.", "x" * 90 + "\n\nYes."):
        assert blocks(text)[0][0] == "paragraph"


def test_underlined_and_numbered_lines_are_headings() -> None:
    assert blocks(
        "Biển\n====\nRộng.\n\nBờ\n---\nDài.\n\n1. Mở đầu\n\nNội dung.\n\n1.2 Chi tiết\n\nNội dung.\n\nCHƯƠNG 2\n\nHết."
    ) == [
        ("heading", "Biển", 1),
        ("paragraph", "Rộng.", 0),
        ("heading", "Bờ", 2),
        ("paragraph", "Dài.", 0),
        ("heading", "1. Mở đầu", 2),
        ("paragraph", "Nội dung.", 0),
        ("heading", "1.2 Chi tiết", 3),
        ("paragraph", "Nội dung.", 0),
        ("heading", "CHƯƠNG 2", 2),
        ("paragraph", "Hết.", 0),
    ]


def test_bullets_and_numbered_lists_become_items() -> None:
    assert blocks("Take:\n- salt\n  and pepper\n- oil\n\n1. Mix.\n2. Wait.\n\nSince\n1998. it rained.") == [
        ("paragraph", "Take:", 0),
        ("item", "salt and pepper", 1),
        ("item", "oil", 1),
        ("item", "Mix.", 1),
        ("item", "Wait.", 1),
        ("paragraph", "Since 1998. it rained.", 0),
    ]


def test_rules_vanish_and_quotes_are_known() -> None:
    assert blocks("One.\n\n-----\n\n> said\n> so\n\n* * *\n\nTwo.") == [
        ("paragraph", "One.", 0),
        ("quote", "said so", 0),
        ("paragraph", "Two.", 0),
    ]


def test_text_is_composed_and_freed_of_invisible_characters() -> None:
    text = unicodedata.normalize("NFD", "Tiếng Việt") + " o\ufb03ce\u00a0soft\u00adly \u200bhere\x07"
    assert blocks(text) == [("paragraph", "Tiếng Việt office softly here", 0)]


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_text_is_read_and_none_of_its_words_is_lost(source: str) -> None:
    found = blocks("word\n\n" + source)
    letters = [character for _, text, _ in found for character in text if character.isalpha()]
    composed = unicodedata.normalize("NFC", source)
    if all(character in "abcdefghijklmnopqrstuvwxyzABC \n.," for character in composed):
        assert letters == [character for character in "word" + composed if character.isalpha()]
    assert all(text == " ".join(text.split()) for _, text, _ in found)
