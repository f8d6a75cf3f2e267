from __future__ import annotations

import re
from pathlib import Path

import pytest

from voices.training import lists, sentences

ENGLISH = """<html><head><title>A page</title><style>p {color: red}</style></head><body>
<p>The installer asks for a password; choose a long one. It costs $5 and takes 20 minutes.</p>
<pre>sudo apt-get install everything --now please</pre>
<ul class="docnav"><li><strong>Prev</strong>The chapter on disks.</li></ul><p>This page is: text/shared/guide/disks.xhp</p>
<p>Press <span hidden="true" id="swlnmac1">Command</span><span hidden="true" id="defaultswln1">Control</span> and the arrow.</p>
<p>Tiếng Việt không thuộc về đây đâu nhé các bạn.</p><p>Short.</p></body></html>"""
VIETNAMESE = """<p>Trình cài đặt sẽ hỏi mật khẩu, hãy chọn một mật khẩu dài. This sentence is plain English, mind you.</p>"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for language, page in (("en", ENGLISH), ("vi", VIETNAMESE)):
        folder = tmp_path / "debian" / sentences.PAGES[language][0]
        folder.mkdir(parents=True)
        (folder / "page.html").write_text(page, encoding="utf-8")
    return tmp_path / "debian"


def test_sentences_are_prose_of_one_language_as_it_is_spoken(root: Path) -> None:
    assert set(sentences.read(root, "en")) == {
        "The installer asks for a password; choose a long one.",
        "It costs five dollars and takes twenty minutes.",
        "Press Control and the arrow.",
    }
    assert sentences.read(root, "vi") == ["Trình cài đặt sẽ hỏi mật khẩu, hãy chọn một mật khẩu dài."]


def test_a_sentence_is_held_out_whatever_its_case_and_marks() -> None:
    texts = [f"This is sentence {'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10 % 10]} {'uvwxyz'[n % 6]}." for n in range(400)]
    held = [text for text in texts if sentences.held_out(text)]
    assert 0 < len(held) < 40
    assert all(sentences.held_out(text.upper().replace(".", "!?")) for text in held)


def test_lists_use_every_word_before_one_comes_twice() -> None:
    words = [f"{a}{b}{c}" for a in "bcdf" for b in "aeiou" for c in "lmnr"]
    spoken = re.findall("[a-z]+", " ".join(lists.english_words(words, 12)).lower())
    assert len(spoken) >= 48
    first = spoken[:70]
    assert len(set(first)) > len(first) - 7  # a row may begin anew inside one list
    assert lists.english_words(words, 12) == lists.english_words(words, 12)


def test_numbers_are_written_out_in_both_languages() -> None:
    for language in ("en", "vi"):
        written = lists.numbers(language, 40)
        assert len(set(written)) > 35
        assert not any(character.isdigit() for text in written for character in text)


def test_vietnamese_lists_come_from_the_spelling_checkers_syllables(tmp_path: Path) -> None:
    words = tmp_path / "vi_VN.dic"
    words.write_text("5\nABC\nbạn\nđường\nnghiêng\nGIF\nxuềnh\nto\n", encoding="utf-8")
    spoken = set(re.findall(r"\w+", " ".join(lists.vietnamese_syllables(words, 6)).lower()))
    assert spoken == {"bạn", "đường", "nghiêng", "xuềnh", "to"}
