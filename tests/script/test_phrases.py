from __future__ import annotations

from pipeline.script.phrases import LONGEST_PHRASE, PhraseWeights

ENGLISH = (
    "Solar panels turn light into electricity. In 1954 Bell Labs showed the first practical solar cell, and by 2020 solar "
    "panels were cheap. The Library of Congress keeps a photograph of it. See https://example.org/solar for more."
)
VIETNAMESE = (
    "Phố cổ Hội An nằm bên sông Thu Bồn. Từ thế kỷ 16, thương cảng Hội An đón tàu buôn Nhật Bản. "
    "Ngày nay phố cổ Hội An là di sản thế giới, và đèn lồng sáng khắp phố cổ."
)


def test_phrases_stand_in_the_text_as_written_short_and_without_overlap() -> None:
    for language, text in (("en", ENGLISH), ("vi", VIETNAMESE)):
        phrases = PhraseWeights(text, language).key_phrases(text, 5)
        assert 2 <= len(phrases) <= 5
        assert all(phrase in text and len(phrase) <= LONGEST_PHRASE for phrase in phrases)
        lowered = [phrase.lower() for phrase in phrases]
        assert not any(a in b for a in lowered for b in lowered if a is not b)
        assert [text.index(phrase) for phrase in phrases] == sorted(text.index(phrase) for phrase in phrases)


def test_names_and_repeated_words_are_found() -> None:
    assert {"Solar panels", "Bell Labs", "Library of Congress"} <= set(PhraseWeights(ENGLISH, "en").key_phrases(ENGLISH, 5))
    found = PhraseWeights(VIETNAMESE, "vi").key_phrases(VIETNAMESE, 5)
    assert {"Hội An", "Thu Bồn"} <= set(found)


def test_stop_words_numbers_and_addresses_are_no_phrases() -> None:
    text = "It was 1954, and then there were 12. See https://example.org/solar or www.example.org."
    assert PhraseWeights(text, "en").key_phrases(text, 5) == ()
    assert PhraseWeights("Và đó là một trong những điều.", "vi").key_phrases("Và đó là một trong những điều.", 5) == ()


def test_nothing_that_stands_in_the_title_is_repeated() -> None:
    phrases = PhraseWeights(ENGLISH, "en").key_phrases(ENGLISH, 5, apart_from="All about solar panels")
    assert not any("solar panels" in phrase.lower() for phrase in phrases)
