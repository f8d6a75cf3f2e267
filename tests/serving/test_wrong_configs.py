"""What config.yaml may not say. Each is told with the file, the field and what stands in it, before anything is spoken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from serving.checkpoints.config import read_config
from serving.errors import CheckpointError

from . import published
from .test_checkpoint import change, refused

NAN, INF = float("nan"), float("inf")


def put(folder: Path, field: str, value: object) -> None:
    """Write a field, "part.field" within a part."""
    part, _, name = field.rpartition(".")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    change(folder, **({part: {**config.get(part, {}), name: value}} if part else {name: value}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return published.write(tmp_path / "tiny")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("reference_rms", value) for value in ("loud", [1], 0, -1, NAN, 1e30, True)),
        *(("model", value) for value in (5, ["a"], "")),
        ("use_ema", "no"),
        ("name", ""),
        *(("language", value) for value in ([1, None], [""], "en")),
        *(("arch.dim_head", value) for value in (0, "x", 7, None)),
        *(("arch.pe_attn_head", value) for value in ("x", -3, 0, 1.0, True)),
        ("arch.text_mask_padding", "x"),
        ("vocoder.path", 5),
        *(("vocoder.refinement_rounds", value) for value in (0, -1, 33, 2.0, "8", True, None)),
    ],
)
def test_a_value_of_another_kind_is_told_with_what_it_may_be(folder: Path, field: str, value: Any) -> None:
    put(folder, field, value)
    error = refused(folder)
    assert error.code == "checkpoint_config"
    assert error.message.startswith(f"{folder / 'config.yaml'}: {field} must be ")
    assert error.message.endswith(f", not {value!r}.")


@pytest.mark.parametrize("part", ["arch", "mel", "vocoder", "sampling", "source"])
def test_a_name_that_is_no_text_is_told(folder: Path, part: str) -> None:
    change(folder, **{part: {1: 2}})
    assert f"config.yaml: {part} must be a mapping, name: value, not {{1: 2}}." in refused(folder).message


@pytest.mark.parametrize("field", ["model", "use_ema", "reference_rms", "arch.pe_attn_head"])
def test_what_may_be_left_open_may_be_null(folder: Path, field: str) -> None:
    put(folder, field, None)
    read_config(folder)


@pytest.mark.parametrize("text", ["when: 2020-13-45", "x: " + "[" * 5000, "q: " + "9" * 6000, "x: !!bool perhaps"])
def test_yaml_that_reads_as_nothing_is_told(folder: Path, text: str) -> None:
    path = folder / "config.yaml"
    path.write_text(f"{path.read_text()}\n{text}\n")
    with pytest.raises(CheckpointError, match="is not YAML") as error:
        read_config(folder)
    assert error.value.code == "checkpoint_config"
    (folder / "vocos" / "config.yaml").write_text(text)
    path.write_text(path.read_text().replace(text, ""))
    assert "vocoder's configuration" in refused(folder).message


def test_more_heads_with_positions_than_there_are_is_told(folder: Path) -> None:
    put(folder, "arch.pe_attn_head", 99)
    error = refused(folder)
    assert error.code == "checkpoint_config"
    assert "arch.pe_attn_head: 99, and the model has 1 heads" in error.message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("sampling.steps", value) for value in (10**9, 129, True)),
        *(("sampling.cfg_strength", value) for value in (INF, NAN, 11)),
        *(("mel.n_fft", value) for value in (10**9, 512)),
        *(("mel.win_length", value) for value in (2048, 128)),
        ("mel.n_mel_channels", 10**9),
    ],
)
def test_a_number_beyond_all_that_can_be_served_is_told(folder: Path, field: str, value: Any) -> None:
    put(folder, field, value)
    error = refused(folder)
    assert error.code == "checkpoint_config"
    assert f"config.yaml: {field.partition('.')[0]}: " in error.message


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("padding", "zork", "padding must be center or same, not 'zork'"),
        ("hop_length", 0, "hop_length must be a whole number from 1 to 8192, not 0"),
        ("dim", "x", "dim must be a whole number from 1 to 8192, not 'x'"),
    ],
)
def test_a_vocoder_that_cannot_be_is_told(folder: Path, field: str, value: object, told: str) -> None:
    path = folder / "vocos" / "config.yaml"
    config = yaml.safe_load(path.read_text())
    config["head"]["init_args"][field] = value
    path.write_text(yaml.safe_dump(config))
    error = refused(folder)
    assert error.code == "checkpoint_config"
    assert told in error.message


def test_a_vocoder_of_other_mels_is_told(folder: Path) -> None:
    path = folder / "vocos" / "config.yaml"
    path.write_text(path.read_text().replace("hop_length: 256", "hop_length: 128"))
    error = refused(folder)
    assert error.code == "checkpoint_mismatch"
    assert "100 channels and 128 samples a frame, the model makes 100 and 256" in error.message
