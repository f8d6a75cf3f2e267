"""Which words are possible Vietnamese syllables, and which letters they are said by."""

from __future__ import annotations

import unicodedata

import pytest

from serving.pronunciation import vietnamese

SYLLABLES = """
anh em trong nhà nghe nghĩa nghiêm ngoằn ngoèo người nguyễn nguyệt quyển quốc quý quạu quỳnh quýt quắc quơ gì gìn giếng giết già
giữa giúp gieo giỏi ghi ghế kẻ kỹ lý mỹ thủy khuỷu khuya xoong xoẹt loắt choắt rượu hươu hưu mưa mùa chìa yêu yếu yết y ý
oanh ươm uyên uỵch tuềnh thuở huế hoàng hoạch khoẻ sáng đắc được ướt ơi ỉa úp
ôm ăn ấy tiếng việt đường phố xuề xoà uẩn boong séc
"""
NOT_SYLLABLES = """
libreoffice cat that not file web menu chloé café naïve résumé déjà müller zürich straße b ng ngh kha1 cé gê ngê kia2 nghà
ghà ct trăg hoaa quu đđ aa iêng iên oă ưư àá ký́ cac nhat hoc thich dep
"""


@pytest.mark.parametrize("word", SYLLABLES.split())
def test_a_syllable_is_said_by_its_letters(word: str) -> None:
    letters = vietnamese.spell(word)
    assert letters is not None
    assert len(letters) == len(word)
    assert set(letters) <= set(vietnamese.letters())


@pytest.mark.parametrize("word", NOT_SYLLABLES.split())
def test_what_is_no_syllable_is_not_said_by_letters(word: str) -> None:
    assert vietnamese.spell(word) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hòa", "hoà"),
        ("thủy", "thuỷ"),
        ("khỏe", "khoẻ"),
        ("quí", "qúi"),
        ("gìa", "già"),
        ("lọan", "loạn"),
        ("Hòa", "hoà"),
        ("đắk", "đắc"),
    ],
)
def test_two_spellings_of_one_sound_are_the_same_letters(one: str, other: str) -> None:
    assert vietnamese.spell(one) == vietnamese.spell(other) is not None


def test_the_tone_stands_on_the_nucleus() -> None:
    assert vietnamese.spell("thủy") == ("t", "h", "u", "ỷ")
    assert vietnamese.spell("múa") == ("m", "ú", "a")
    assert vietnamese.spell("giường") == ("g", "i", "ư", "ờ", "n", "g")
    assert vietnamese.spell("khuỷu") == ("k", "h", "u", "ỷ", "u")


def test_every_vowel_stands_in_the_alphabet_with_six_tones() -> None:
    letters = vietnamese.letters()
    assert len(letters) == len(set(letters)) == 17 + 12 * 6
    assert all(len(letter) == 1 and unicodedata.is_normalized("NFC", letter) for letter in letters)


def test_marks_are_tones_and_letters_of_its_own() -> None:
    assert all(map(vietnamese.is_marked, ["Đi", "tư", "ông", "là", "Ạ"]))
    assert not any(map(vietnamese.is_marked, ["anh", "hello", "naïve", "Straße"]))
