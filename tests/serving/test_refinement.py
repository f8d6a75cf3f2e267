from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml

from serving.checkpoints import checkpoint, vocoder
from serving.model import refinement
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


def apart(sound: np.ndarray, mel: torch.Tensor) -> float:
    """Nepers between its mel and that, where that has more than the floor of digital silence."""
    loud = mel.mean(1) > -7
    return float((mel_of(sound) - mel)[loud].abs().mean())


def mel_of(samples: np.ndarray) -> torch.Tensor:
    return Mel()(torch.from_numpy(samples)[None])[0].T


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_refined_sound_is_nearer_to_the_recording_that_the_mel_was_taken_from(path: Path, bundled: vocoder.Vocos) -> None:
    wanted = recording(path)
    mel = mel_of(wanted)
    raw, few, refined = (speak([mel])[0].numpy() for speak in (bundled, Refined(bundled, Mel(), 6), Refined(bundled, Mel(), 8)))
    assert len(refined) == len(raw)
    assert apart(refined, mel) < 0.52 * apart(raw, mel)
    assert apart(refined, mel) < 0.95 * apart(few, mel), "every round brings it nearer"
    # Windows and steps that are none of the mel's: the phases became better too.
    assert distances.spectral(refined, wanted) < 0.92 * distances.spectral(raw, wanted)


def test_going_on_beyond_the_last_round_brings_it_nearer(bundled: vocoder.Vocos, monkeypatch: pytest.MonkeyPatch) -> None:
    mel = mel_of(recording(RECORDINGS[0]))
    [faster] = Refined(bundled, Mel(), 8)([mel])
    monkeypatch.setattr(refinement, "MOMENTUM", 0.0)
    [slower] = Refined(bundled, Mel(), 8)([mel])
    assert apart(faster.numpy(), mel) < 0.95 * apart(slower.numpy(), mel)


def test_what_the_vocoder_left_out_is_not_made_of_its_noise_at_once() -> None:
    noise = 1e-4 * torch.randn(24_000, generator=torch.Generator().manual_seed(0))
    wanted = torch.full((24_000 // 256 + 1, 100), 4.0)
    levels = [Refined(lambda mels: [noise], Mel(), rounds)([wanted])[0].std() / noise.std() for rounds in (1, 2)]
    assert 5 < levels[0] < np.e**2
    assert levels[1] > 5 * levels[0], "in time it comes"


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
    assert apart(better.numpy(), mel) < 0.8 * apart(raw.numpy(), mel)


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


@pytest.mark.parametrize(("field", "value"), [("win_length", 400), ("n_fft", 1025)])
def test_windows_that_hardly_meet_or_have_no_middle_are_not_refined(tmp_path: Path, field: str, value: int) -> None:
    folder = published.write(tmp_path / "tiny")
    put(folder, f"mel.{field}", value)
    load(folder)
    put(folder, "vocoder.refinement_rounds", 4)
    assert "an even n_fft and a win_length of at least twice the hop_length" in refused(folder).message
