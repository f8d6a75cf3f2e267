"""Which voice folders can be judged."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voices.training import command
from voices.training.corpus import RATE
from voices.training.evaluation.cases import Unjudgeable, voices

ABOUT = {"text": "Hello.", "language": "en", "speaker": "heart"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A voice folder with a reference that can be judged."""
    (tmp_path / "references").mkdir()
    soundfile.write(tmp_path / "references" / "me.wav", np.sin(np.arange(RATE) / 20), RATE)
    (tmp_path / "references" / "me.json").write_text(json.dumps(ABOUT), encoding="utf-8")
    return tmp_path


def test_a_reference_is_a_voice_with_its_speaker_and_its_teacher(folder: Path) -> None:
    [voice] = voices(folder)
    assert (voice.name, voice.speaker, voice.teacher, len(voice.samples)) == ("me", "heart", "hibari", RATE)


@pytest.mark.parametrize("speaker", [["heart"], {"heart": 1}, None, 5, "nobody"])
def test_a_speaker_that_is_none_is_told_with_all_that_are(folder: Path, speaker: object) -> None:
    (folder / "references" / "me.json").write_text(json.dumps({**ABOUT, "speaker": speaker}), encoding="utf-8")
    with pytest.raises(Unjudgeable, match="Known are: heart, "):
        voices(folder)


@pytest.mark.parametrize("written", [b"{", b"[1]", b"\xff\xfe", b"", b"[" * 100_000])
def test_a_reference_whose_json_cannot_be_read_is_named(folder: Path, written: bytes) -> None:
    (folder / "references" / "me.json").write_bytes(written)
    with pytest.raises(Unjudgeable, match=r"me\.json .*Copy it from the export again"):
        voices(folder)


def test_a_reference_without_its_json_or_its_language_is_named(folder: Path) -> None:
    (folder / "references" / "me.json").write_text('{"text": "Hello.", "speaker": "heart"}', encoding="utf-8")
    with pytest.raises(Unjudgeable, match=r'me\.json must tell its "language": en or vi'):
        voices(folder)
    (folder / "references" / "me.json").unlink()
    with pytest.raises(Unjudgeable, match=r"me\.json cannot be read"):
        voices(folder)


def test_a_wave_without_speech_is_named(folder: Path) -> None:
    path = folder / "references" / "me.wav"
    for samples in (np.zeros(0), np.zeros(RATE), np.ones((RATE, 2))):
        soundfile.write(path, samples, RATE)
        with pytest.raises(Unjudgeable, match=r"me\.wav holds no speech of one channel"):
            voices(folder)
    path.write_bytes(b"")
    with pytest.raises(Unjudgeable, match=r"me\.wav cannot be read.*Copy the reference"):
        voices(folder)


def test_a_folder_without_references_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unjudgeable, match="Name a voice folder"):
        voices(tmp_path / "nothing")


@pytest.mark.parametrize("steps", ["0", "x", "", "5,,7", "-3", "5,0"])
def test_numbers_of_steps_that_are_none_are_refused_before_any_work(steps: str) -> None:
    assert command.numbers("5, 7,16") == (5, 7, 16)
    with pytest.raises(argparse.ArgumentTypeError, match="must be numbers from 1 on"):
        command.numbers(steps)
