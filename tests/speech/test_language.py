from __future__ import annotations

import unicodedata

import pytest

from pipeline.speech.language import detect_language

TEXTS = [
    ("Xin chào", "vi"),
    ("Hà Nội", "vi"),
    ("máy tính", "vi"),
    ("Trí tuệ nhân tạo đang thay đổi cách chúng ta làm việc.", "vi"),
    ("Hôm nay mình deploy server API lên cloud", "vi"),
    ("Xin chao cac ban, hom nay troi dep qua", "vi"),
    ("toi di hoc", "vi"),
    ("Nguoi dung khong can cai dat gi them", "vi"),
    ("Hello there.", "en"),
    ("OK", "en"),
    ("Machine learning changes how we work.", "en"),
    ("The café is naïve, and her résumé is short.", "en"),
    ("I met Nguyễn Văn An in Hà Nội last year, and we talked about the future of the country for hours.", "en"),
    ("Her hat is on the mat in the hall", "en"),
    ("Dan can hang a map; Tom can sing", "en"),
    ("", "en"),
    ("123 ... 😀", "en"),
]


@pytest.mark.parametrize(("text", "language"), TEXTS)
def test_the_language_is_told(text: str, language: str) -> None:
    assert detect_language(text) == language
    assert detect_language(unicodedata.normalize("NFD", text)) == language
