from __future__ import annotations

from pathlib import Path

import pytest

from voices.training.evaluation import card, table
from voices.training.evaluation.cases import Unjudgeable, voices

VOICE = {
    "language": "vi", "speaker": "vi_female", "teacher": "espeak",
    "errors": {"words": {"ours": 0.8, "teacher": 0.75}, "phones": {"ours": 0.041, "teacher": 0.012}},
    "distance": {"ours": 4.2, "wrong": 11.0}, "longer": {"mean": -0.034, "absolute": 0.05}, "speed": 1.4,
    "likeness": {"ours": 0.85, "same_speaker": 0.9, "other_speakers": 0.6},
    "pace": {"phone": 14.2, "frames": 0.01, "speeds": {"0.8": 0.79, "1.25": 1.26}},
    "vocoder": {"mel": 0.31, "spectral": 1.2, "intelligibility": 0.93, "words": 0.77},
}  # fmt: skip
NONE = {"skipped": (), "repeated": ()}
OFF = {"median": 21.0, "p90": 60.0}
REPORT = {
    "date": "2026-11-21T10:00:00+00:00", "machine": {"threads": 2, "processor": "A processor"}, "load": 0.2,
    "fingerprint": "0123456789abcdef", "sentences": {"vi_female": 24}, "default_steps": 10,
    "voices": {"vi_female": VOICE},
    "times": {"hibari": {}, "espeak": {"words": 90, "missed": 1, "starts": OFF, "ends": OFF}},
    "readings": {
        "vi": {
            "voice": "vi_female", "seconds": 123.0, "sentences": 26,
            "ours": {"aligner": NONE, "choice": NONE, "transcripts": {"skipped": (3,), "repeated": ()}, "margin": 12.3,
                     "words_skipped": 4},
            "teacher": {"aligner": {"skipped": (), "repeated": (5, 7)}, "choice": NONE, "transcripts": NONE, "margin": 15.4,
                        "words_skipped": 3},
            "twice_missed": 1,
        }
    },
    "steps": {"5": {"vi": VOICE}, "16": {"vi": VOICE}},
}  # fmt: skip


def test_the_tables_tell_ours_beside_the_teachers() -> None:
    made = table.markdown(REPORT)
    assert "24 sentences a voice on which nothing was trained" in made
    assert "(the vocoder alone, the length of a phone and speeds other than 1: 8 of them)" in made
    assert "| phones wrong, the aligner | 4.1% (1.2%) |" in made
    assert "| mel distance (a wrong sentence's) | 4.20 (11.00) |" in made
    assert "| length of speech, mean error | -3.4% |" in made
    assert "| speed 0.8 | 0.79 |" in made
    assert "starts 21 ms off (median; 90 % within 60 ms), ends 21 ms (60 ms), words without a time: 1." in made
    assert "0 and 0 (0 and 2) by the aligner, 0 and 0 (0 and 0) by Whisper's choice" in made
    assert "1 and 0 (0 and 0) by transcripts. The aligner misses 4 single words (3)." in made
    assert "The choice is 12 nats (15) ahead" in made
    assert "by the teacher and, a second later, by the voice, it does not notice that in 1 of 26." in made
    assert "| 5 | 80.0% | 4.1% | 4.20 | 1.40 |" in made


def test_where_few_sentences_are_judged_all_of_them_are_measured_with() -> None:
    assert "speeds other than 1: 3 of them)" in table.markdown({**REPORT, "sentences": {"vi_female": 3}})


def test_a_measure_that_was_not_taken_leaves_its_place_empty() -> None:
    assert "| words wrong, viet-asr |  |" in table.markdown(REPORT)


def test_only_what_stands_between_the_marks_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / card.NAME
    path.write_text(f"Before.\n{card.BEGIN}\nold\n{card.END}\nAfter.\n", encoding="utf-8")
    assert card.write(tmp_path, "| new |\n")
    assert card.write(tmp_path, "| newer |\n")
    assert path.read_text(encoding="utf-8") == f"Before.\n{card.BEGIN}\n\n| newer |\n\n{card.END}\nAfter.\n"


def test_a_card_without_a_place_for_the_table_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / card.NAME).write_text("A card.\n", encoding="utf-8")
    with pytest.raises(Unjudgeable, match="no place for the table"):
        card.check(tmp_path)


def test_a_folder_without_a_card_is_judged_all_the_same(tmp_path: Path) -> None:
    card.check(tmp_path)
    assert not card.write(tmp_path, "| a table |\n")


def test_a_reference_must_tell_who_of_the_corpus_speaks_it(tmp_path: Path) -> None:
    (tmp_path / "references").mkdir()
    (tmp_path / "references" / "me.wav").write_bytes(b"")
    (tmp_path / "references" / "me.json").write_text('{"text": "Hello.", "language": "en"}', encoding="utf-8")
    with pytest.raises(Unjudgeable, match="heart"):
        voices(tmp_path)
