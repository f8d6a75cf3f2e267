from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml

from serving.checkpoints import checkpoint, vocoder
from serving.model.mel import Mel
from serving.model.refinement import Refined
from voices.training.evaluation import distances

from . import published
from .conftest import SAMPLE
from .test_checkpoint import load, refused
from .test_wrong_configs import put

CPU = torch.device("cpu")
RECORDINGS = sorted((SAMPLE / "references").glob("*.wav"))


@pytest.fixture(scope="module")
def bundled() -> vocoder.Vocos:
    """The bundled voice's vocoder, without refinement."""
    return vocoder.load(SAMPLE, yaml.safe_load((SAMPLE / "config.yaml").read_text())["vocoder"], CPU)


def recording(path: Path) -> np.ndarray:
    """Whole hops of it."""
    samples, _ = soundfile.read(path, dtype="float32")
    return samples[: len(samples) // 256 * 256]


def mel_of(samples: np.ndarray) -> torch.Tensor:
    return Mel()(torch.from_numpy(samples)[None])[0].T


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_refined_sound_is_nearer_to_the_recording_that_the_mel_was_taken_from(path: Path, bundled: vocoder.Vocos) -> None:
    wanted = recording(path)
    mel = mel_of(wanted)
    raw, refined = (speak([mel])[0].numpy() for speak in (bundled, Refined(bundled, Mel(), 8)))
    assert len(refined) == len(raw)
    loud = mel.mean(1) > -7  # in digital silence the mel has only its floor
    near = (mel_of(refined) - mel)[loud].abs().mean()
    assert near < 0.6 * (mel_of(raw) - mel)[loud].abs().mean()
    # Windows and steps that are none of the mel's: the phases became better too.
    assert distances.spectral(refined, wanted) < 0.93 * distances.spectral(raw, wanted)


def test_a_sound_that_has_the_mel_already_stays_as_it_is() -> None:
    wanted = torch.from_numpy(recording(RECORDINGS[0]))
    [sound] = Refined(lambda mels: [wanted], Mel(), 8)([mel_of(wanted.numpy())])
    torch.testing.assert_close(sound, wanted, atol=1e-4, rtol=0)


def test_a_sound_is_refined_in_a_batch_as_alone(bundled: vocoder.Vocos) -> None:
    mels = [mel_of(recording(path))[: 90 - 20 * number] for number, path in enumerate(RECORDINGS[:2])]
    refined = Refined(bundled, Mel(), 3)
    for mel, together in zip(mels, refined(mels), strict=True):
        torch.testing.assert_close(together, refined([mel])[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_sound_too_short_for_a_spectrum_is_the_vocoders_own(frames: int, bundled: vocoder.Vocos) -> None:
    mel = mel_of(recording(RECORDINGS[0]))[40 : 40 + frames]
    assert torch.equal(Refined(bundled, Mel(), 8)([mel])[0], bundled([mel])[0])


def test_four_frames_are_refined(bundled: vocoder.Vocos) -> None:
    mel = mel_of(recording(RECORDINGS[0]))[40:44]
    [sound] = Refined(bundled, Mel(), 8)([mel])
    assert sound.shape == (768,)
    assert sound.isfinite().all()
    assert not torch.equal(sound, bundled([mel])[0])


def test_a_mel_of_no_numbers_gives_a_sound_of_none(bundled: vocoder.Vocos) -> None:
    mel = mel_of(recording(RECORDINGS[0])).clone()
    mel[50] = torch.nan
    assert not Refined(bundled, Mel(), 2)([mel])[0].isfinite().all(), "the engine tells it by this"


def test_a_checkpoint_says_how_often_its_sound_is_refined(tmp_path: Path) -> None:
    folder = published.write(tmp_path / "tiny")
    plain = load(folder)
    put(folder, "vocoder.refinement_rounds", 4)
    refined = load(folder)
    assert refined.fingerprint != plain.fingerprint
    mel = mel_of(recording(RECORDINGS[0]))
    raw, better = plain.vocoder([mel])[0], refined.vocoder([mel])[0]
    apart = [(mel_of(sound.numpy()) - mel).abs().mean() for sound in (raw, better)]
    assert apart[1] < 0.8 * apart[0]


def test_the_bundled_checkpoint_refines(sample: checkpoint.Checkpoint, bundled: vocoder.Vocos) -> None:
    mel = mel_of(recording(RECORDINGS[0]))
    rounds = yaml.safe_load((SAMPLE / "config.yaml").read_text())["vocoder"]["refinement_rounds"]
    assert torch.equal(sample.vocoder([mel])[0], Refined(bundled, Mel(), rounds)([mel])[0])


def test_a_vocoder_whose_frames_lie_elsewhere_is_not_refined(tmp_path: Path) -> None:
    folder = published.write(tmp_path / "tiny")
    path = folder / "vocos" / "config.yaml"
    path.write_text(path.read_text().replace("padding: center", "padding: same"))
    load(folder)
    put(folder, "vocoder.refinement_rounds", 4)
    error = refused(folder)
    assert error.code == "checkpoint_config"
    assert "needs a vocoder with padding: center" in error.message


def test_windows_that_hardly_meet_are_not_refined(tmp_path: Path) -> None:
    folder = published.write(tmp_path / "tiny")
    put(folder, "mel.win_length", 400)
    load(folder)
    put(folder, "vocoder.refinement_rounds", 4)
    assert "a win_length of at least twice the hop_length" in refused(folder).message
