from __future__ import annotations

from voices.training.evaluation import wording


def test_letters_said_one_by_one_are_one_word() -> None:
    assert wording.joined("the g n u manual") == "the gnu manual"
    assert wording.joined("plan b was a good one") == "plan b was a good one"
    assert wording.joined("a b") == "ab"


def test_vietnamese_words_are_bare_of_marks_and_capitals_but_not_of_tones() -> None:
    assert wording.vietnamese("Xin chào, “Việt Nam”! (hai_ba)") == ["xin", "chào", "việt", "nam", "hai", "ba"]
    assert wording.vietnamese("vie\u0302\u0323t") == wording.vietnamese("vi\u1ec7t")


def test_letters_are_bare_of_tones_and_hooks() -> None:
    assert wording.bare(["được", "ngưỡng", "Đó".lower(), "sẽ"]) == "duocnguongdose"
