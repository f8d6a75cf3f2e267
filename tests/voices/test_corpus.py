from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from voices.training.corpus import LEVEL, Corpus, Planned, Writer, identity
from voices.training.features import Features


def planned(number: int) -> Planned:
    return Planned(number, f"Số {number}.", "vi", "one", "tones", held_out=False)


def wave(number: int) -> np.ndarray:
    return np.sin(np.arange(9_000 + number) * (0.01 + number / 100)).astype(np.float32)


def test_waves_come_back_at_one_level_each_from_its_own_place(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    for number in range(3):
        writer.add(planned(number), wave(number) * (number + 1))
    writer.close(complete=True)
    corpus = Corpus(tmp_path)
    for number, utterance in enumerate(corpus.utterances):
        read = corpus.wave(utterance)
        assert len(read) == 9_000 + number
        assert np.sqrt(np.mean(read**2)) == pytest.approx(LEVEL, rel=0.01)
        assert np.corrcoef(read, wave(number))[0, 1] > 0.9999


def test_a_corpus_that_was_cut_off_is_refused_until_it_is_finished(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.add(planned(0), wave(0))
    writer.close(complete=False)
    with pytest.raises(SystemExit, match=r"voices\.training\.speech"):
        Corpus(tmp_path)


def test_a_corpus_that_is_added_to_is_incomplete_until_that_is_done(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.add(planned(0), wave(0))
    writer.close(complete=True)
    Writer(tmp_path).close(complete=False)
    with pytest.raises(SystemExit):
        Corpus(tmp_path)


def test_two_cannot_write_one_corpus_and_the_second_changes_nothing(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.add(planned(0), wave(0))
    writer.close(complete=True)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".lock"}
    command = "import sys, pathlib; from voices.training.corpus import Writer; w = Writer(pathlib.Path(sys.argv[1])); input()"
    holder = Writer(tmp_path)
    try:
        second = subprocess.run(
            [sys.executable, "-c", command, tmp_path], input="\n", capture_output=True, text=True, check=False
        )
    finally:
        holder.close(complete=True)
    assert second.returncode == 1
    assert second.stderr.startswith(f"Process {os.getpid()} writes speech to {tmp_path} already")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".lock"} == before
    third = subprocess.run([sys.executable, "-c", command, tmp_path], input="\n", capture_output=True, text=True, check=False)
    assert third.returncode == 0, "the first let go of it"


def test_a_training_without_a_corpus_is_told_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "voices.training.aligner", "--data", tmp_path / "none", "--runs", tmp_path / "runs"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr == f"{tmp_path}/none holds no complete corpus. Make it with: python -m voices.training.speech\n"


def test_who_says_what_is_told_apart_and_known_again() -> None:
    told = {identity(text, speaker) for text in ("one", "two") for speaker in ("a", "b")}
    assert len(told) == 4
    assert identity("one", "a") in told


def test_writing_goes_on_after_a_kill_in_the_middle_of_a_wave_and_of_a_line(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.add(planned(0), wave(0))
    writer.add(planned(1), wave(1))
    writer.close(complete=False)
    with open(tmp_path / "waves.i16", "ab") as waves:
        waves.write(b"half of a wave")
    with open(tmp_path / "utterances.jsonl", "a", encoding="utf-8") as lines:
        lines.write('{"id": 2, "text": "Số')
    again = Writer(tmp_path)
    assert again.done == {0, 1}
    again.add(planned(2), wave(2))
    again.close(complete=True)
    corpus = Corpus(tmp_path)
    assert [utterance.id for utterance in corpus.utterances] == [0, 1, 2]
    assert np.corrcoef(corpus.wave(corpus.utterances[2]), wave(2))[0, 1] > 0.9999


def test_features_have_a_frame_for_each_hop_and_the_phones_of_the_text(corpus: Corpus) -> None:
    features = Features(corpus)
    utterance = corpus.utterances[3]
    assert features.mel(utterance).shape == (utterance.samples // 256 + 1, 100)
    spoken = [list(features.vocabulary)[token] for token in features.tokens(utterance)]
    assert "".join(spoken) == utterance.text


def test_features_are_made_anew_where_the_file_is_not_of_this_corpus(corpus: Corpus, tmp_path: Path) -> None:
    before = Features(corpus).mel(corpus.utterances[0])
    shutil.copytree(corpus.folder, tmp_path / "extended")
    writer = Writer(tmp_path / "extended")
    writer.add(planned(5_000), wave(0))
    writer.close(complete=True)
    extended = Corpus(tmp_path / "extended")
    assert len(Features(extended).mel(extended.utterances[-1])) == extended.utterances[-1].samples // 256 + 1
    assert Features(extended).mel(corpus.utterances[0]).equal(before)
