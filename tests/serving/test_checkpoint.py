from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from serving.checkpoints import checkpoint
from serving.engine import Engine, Sound
from serving.errors import CheckpointError
from serving.layouts import layout, pace
from serving.model.packing import Packing

from . import published
from .conftest import SAMPLE

CPU = torch.device("cpu")


def first_velocity(loaded: checkpoint.Checkpoint) -> torch.Tensor:
    """What the weights make of nothing but a few numbers."""
    hidden = torch.linspace(-1, 1, 20 * loaded.dit.shape.dim).unflatten(0, (20, -1))
    return loaded.dit.velocity(hidden, loaded.dit.modulate([0.5]), Packing([20], CPU))


def load(folder: Path) -> checkpoint.Checkpoint:
    return checkpoint.load(folder, CPU, "float32")


def speak(loaded: checkpoint.Checkpoint, text: str, voice: str) -> Sound:
    engine = Engine(loaded, 8192)
    state = engine.prepare(engine.plan(text, voice, 1.0, seed=1))
    while not engine.done(state):
        engine.step([state])
    [sound] = engine.finish([state])
    assert isinstance(sound, Sound)
    return sound


def change(folder: Path, **fields: object) -> None:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **fields}))


def refused(folder: Path) -> CheckpointError:
    with pytest.raises(CheckpointError) as error:
        load(folder)
    return error.value


def test_the_bundled_checkpoint_has_two_voices_a_language(sample: checkpoint.Checkpoint) -> None:
    assert sample.layout.kind == "aligned"
    assert sorted(voice.language for voice in sample.voices.values()) == ["en", "en", "vi", "vi"]
    assert sample.rate == 24_000
    assert all(1.5 < voice.gain < 3 for voice in sample.voices.values()), "louder sentences have room"


@pytest.mark.parametrize("wrapping", ["ema_model.", "ema_model_state_dict", "model_state_dict"])
def test_a_published_checkpoint_loads_whatever_its_wrapping(tmp_path: Path, wrapping: str) -> None:
    loaded = load(published.write(tmp_path / wrapping, wrapping))
    plain = load(published.write(tmp_path / "plain"))
    assert loaded.dit.shape.depth == published.SHAPE["depth"], "the depth is read from the weights"
    assert torch.equal(first_velocity(plain), first_velocity(loaded))


def test_a_published_checkpoint_speaks_for_as_long_as_its_rule_says(tmp_path: Path) -> None:
    loaded = load(published.write(tmp_path))
    sound = speak(loaded, "Hello there, this is me. ", "amy")
    assert sound.laid_ends is None
    assert np.isfinite(sound.samples).all()
    assert np.abs(sound.samples).max() <= 1
    told = pace.weigh("Hello there, this is me.")
    seconds = told.whole / told.spoken + layout.ROOM
    assert len(sound.samples) / sound.rate == pytest.approx(seconds, abs=0.03), "the reference's second, and its pause"


def test_a_vocabulary_called_config_json_is_read(tmp_path: Path) -> None:
    folder = published.write(tmp_path)
    (folder / "vocab.txt").rename(folder / "config.json")
    assert len(load(folder).vocabulary) == len(published.ENTRIES)


def test_a_vocoder_in_safetensors_is_read(tmp_path: Path) -> None:
    folder = published.write(tmp_path)
    before = load(folder)
    weights = torch.load(folder / "vocos" / "pytorch_model.bin", weights_only=True)
    save_file({name: value.clone() for name, value in weights.items()}, folder / "vocos" / "model.safetensors")
    (folder / "vocos" / "pytorch_model.bin").unlink()
    mel = torch.linspace(-4, 1, 2000).unflatten(0, (20, 100))
    assert torch.equal(load(folder).vocoder([mel])[0], before.vocoder([mel])[0])


def test_a_reference_is_brought_to_the_models_level_and_the_speech_back(tmp_path: Path) -> None:
    loud, level = load(published.write(tmp_path / "a")), 0.2 / np.sqrt(2)
    scaled = load(published.write(tmp_path / "b", reference_rms=0.1))
    assert loud.voices["amy"].gain == 1
    assert scaled.voices["amy"].gain == pytest.approx(0.1 / level, rel=1e-3)
    raw = loud.vocoder(torch.full((1, 20, 100), -3.0))[0]
    engine = Engine(scaled, 8192)
    state = engine.prepare(engine.plan("Hello", "amy", 1.0, 1))
    state.flow.x = torch.full((scaled.voices["amy"].frames + 20, 100), -3.0)
    torch.testing.assert_close(
        torch.from_numpy(engine.finish([state])[0].samples), (raw * level / 0.1).clamp(-1, 1), atol=1e-4, rtol=1e-3
    )


def test_a_passage_beyond_full_scale_is_turned_down_whole(tmp_path: Path) -> None:
    folder = published.write(tmp_path, reference_rms=0.1)
    plain = load(folder)
    level = plain.voices["amy"].gain
    engine = Engine(dataclasses.replace(plain, vocoder=lambda mels: [level * wave for _ in mels]), 8192)
    wave = torch.linspace(-3, 2, 24_000) * torch.sin(torch.arange(24_000) / 20)
    [sound] = engine.finish([engine.prepare(engine.plan("Hello", "amy", 1.0, 1))])
    assert isinstance(sound, Sound)
    assert np.abs(sound.samples).max() == pytest.approx(1)
    assert sound.beyond == pytest.approx(float(wave.abs().max()))
    np.testing.assert_allclose(sound.samples, (wave / wave.abs().max())[-len(sound.samples) :], atol=2e-3)


@pytest.mark.parametrize(
    "name",
    [
        *("config.yaml", "vocab.txt", "model.safetensors", "vocoder.safetensors", "durations.safetensors"),
        *("aligner.safetensors", "references"),
    ],
)
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    path = copy / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    error = refused(copy)
    assert error.code == "checkpoint_missing"
    assert name.split(".")[0] in error.message


@pytest.mark.parametrize("name", [f"{part}.safetensors" for part in ("model", "vocoder", "durations", "aligner")])
def test_a_file_cut_short_is_named(copy: Path, name: str) -> None:
    path = copy / name
    path.write_bytes(path.read_bytes()[:700])
    error = refused(copy)
    assert error.code == "checkpoint_corrupt"
    assert Path(name).stem in error.message


@pytest.mark.parametrize("text", ["text_layout: [", "- a list", "text_layout: spiral", "name: x"])
def test_a_wrong_config_is_told(copy: Path, text: str) -> None:
    (copy / "config.yaml").write_text(text)
    assert refused(copy).code == "checkpoint_config"


def test_a_config_that_contradicts_the_weights_is_told_with_both_numbers(copy: Path) -> None:
    config = yaml.safe_load((copy / "config.yaml").read_text())
    change(copy, arch={**config["arch"], "depth": 22})
    error = refused(copy)
    assert error.code == "checkpoint_mismatch"
    assert "depth: 22" in error.message
    assert "have 6" in error.message


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("sampling", "steps", "32"),
        ("sampling", "steps", 0),
        ("sampling", "cfg_strength", -1),
        ("sampling", "sway_sampling_coef", 2),
        ("sampling", "pace", 1),
        ("mel", "hop_length", "256"),
        ("mel", "n_fft", 0),
        ("mel", "mel_spec_type", "bigvgan"),
    ],
)
def test_a_number_that_cannot_be_is_told_before_anything_is_spoken(copy: Path, part: str, field: str, value: object) -> None:
    change(copy, **{part: {field: value}})
    error = refused(copy)
    assert error.code == "checkpoint_config"
    assert f"{part}: may have" in error.message


def test_numbers_that_the_weights_cannot_tell_are_asked_for(copy: Path) -> None:
    change(copy, arch={"backbone": "DiT"})
    error = refused(copy)
    assert error.code == "checkpoint_config"
    assert "text_mask_padding and pe_attn_head" in error.message


def test_a_vocabulary_of_another_model_is_told(copy: Path) -> None:
    with (copy / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("€\n")
    assert refused(copy).code == "checkpoint_mismatch"


def test_weights_that_lack_a_layer_are_told(copy: Path) -> None:
    path = copy / "model.safetensors"
    tensors = load_file(path)
    del tensors["transformer.transformer_blocks.2.attn.to_k.weight"]
    save_file(tensors, path)
    error = refused(copy)
    assert error.code == "checkpoint_mismatch"
    assert "1 missing" in error.message


def test_an_aligner_of_another_kind_or_vocabulary_is_told(copy: Path) -> None:
    path = copy / "aligner.safetensors"
    tensors = load_file(path)
    save_file({**tensors, "out.weight": tensors["out.weight"][:-1], "out.bias": tensors["out.bias"][:-1]}, path)
    error = refused(copy)
    assert error.code == "checkpoint_mismatch"
    assert f"the weights tell {len(tensors['out.bias']) - 2} apart" in error.message
    shutil.copyfile(copy / "durations.safetensors", path)
    assert "no aligner of this kind" in refused(copy).message


def test_a_spectrogram_that_the_aligner_cannot_hear_is_told(copy: Path) -> None:
    config = yaml.safe_load((copy / "config.yaml").read_text())
    change(copy, mel={**config["mel"], "hop_length": 300})
    error = refused(copy)
    assert error.code == "checkpoint_mismatch"
    assert "256 samples a frame at 24000 Hz" in error.message


def test_an_aligned_voice_has_a_phone_in_each_frame(sample: checkpoint.Checkpoint) -> None:
    for voice in sample.voices.values():
        assert voice.tokens is not None
        assert voice.tokens.shape == (voice.frames,)
        assert len(voice.tokens.unique_consecutive()) > len(voice.text) / 3


def test_the_fingerprint_follows_every_file_that_decides_the_sound(copy: Path) -> None:
    before = checkpoint.fingerprint(copy)
    for about in ("README.md", "MODEL_CARD.md", "evaluation.json", "losses.svg"):
        (copy / about).write_text("other words")
        assert checkpoint.fingerprint(copy) == before == checkpoint.fingerprint(SAMPLE)
    for name in ("config.yaml", "vocab.txt", "vocoder.safetensors", "durations.safetensors", "aligner.safetensors"):
        path = copy / name
        path.write_bytes(path.read_bytes() + b" ")
        assert checkpoint.fingerprint(copy) != before
        before = checkpoint.fingerprint(copy)
