"""Every layout in which F5-TTS is published: written small, loaded and spoken by the real code."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from serving.checkpoints import architecture, checkpoint, vocabulary, weights
from serving.errors import CheckpointError
from serving.upstream import convert_char_to_pinyin

from . import published
from .published import RELEASES
from .test_checkpoint import change, load, refused, speak

layouts = pytest.mark.parametrize("name", RELEASES)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Writes a release once."""
    root, written = tmp_path_factory.mktemp("releases"), {}

    def folder(name: str) -> Path:
        if name not in written:
            written[name] = published.write_release(root / name, RELEASES[name])
        return written[name]

    return folder


@layouts
def test_the_weights_of_every_layout_are_read_as_they_were_written(folders: Callable[[str], Path], name: str) -> None:
    release = RELEASES[name]
    read = weights.read(folders(name) / release.file, release.config.get("use_ema"))
    written = published.weights(release)
    assert set(read) == set(written), "neither counters nor prefixes nor the optimiser's state are left"
    for tensor, value in written.items():
        expected = value.half().float() if release.half and value.is_floating_point() else value
        assert torch.equal(read[tensor], expected), tensor


@layouts
def test_the_shape_of_every_layout_is_that_of_its_tensors(folders: Callable[[str], Path], name: str) -> None:
    release = RELEASES[name]
    path = folders(name) / release.file
    seen = architecture.complete(release.arch, weights.read(path, release.config.get("use_ema")), path)
    assert seen["depth"] == release.depth
    assert seen["text_num_embeds"] == len(set(release.entries))
    assert seen["ff_mult"] == published.SHAPE["ff_mult"]
    assert {field: seen[field] for field in architecture.UNSEEN} == release.arch
    for field in ("dim", "heads", "text_dim", "conv_layers", "qk_norm"):
        assert seen[field] == published.SHAPE[field]


@layouts
def test_a_checkpoint_of_every_layout_speaks(folders: Callable[[str], Path], name: str) -> None:
    sound = speak(load(folders(name)), "Hello there, this is me. ", "amy")
    assert np.isfinite(sound.samples).all()
    assert np.sqrt(np.mean(sound.samples**2)) > 1e-4, "it is not silent"
    assert sound.frames > 0


def laid(loaded: checkpoint.Checkpoint, name: str, text: str) -> str:
    """What the model is given for the voice's text and this one; an unknown character is the vocabulary's first entry."""
    tokens = loaded.layout.lay(text, loaded.voices["amy"], 1.0).tokens.tolist()
    return "".join(RELEASES[name].entries[token] for token in tokens)


def test_text_keeps_its_case_where_the_release_was_trained_so(folders: Callable[[str], Path]) -> None:
    assert laid(load(folders("v1")), "v1", "Good Day, XYZ.").endswith("this is me. Good Day, XYZ.")


@pytest.mark.parametrize("name", ["vivoice", "erax"])
def test_text_is_lowered_where_the_release_was_trained_so(folders: Callable[[str], Path], name: str) -> None:
    upstreams = convert_char_to_pinyin(["hello there, this is me. đường đến huế."])[0]
    assert laid(load(folders(name)), name, "Đường ĐẾN Huế. ") == "".join(upstreams)


def test_the_average_is_taken_unless_config_says_otherwise(folders: Callable[[str], Path]) -> None:
    path = folders("vivoice") / "model_last.pt"
    averaged, last = weights.read(path), weights.read(path, use_ema=False)
    name = "transformer.proj_out.bias"
    assert torch.equal(averaged[name] + 1, last[name])
    assert torch.equal(weights.read(path, use_ema=True)[name], averaged[name])


@pytest.mark.parametrize(
    ("name", "use_ema", "told"), [("erax", True, "no averaged weights"), ("v1", False, "averaged weights")]
)
def test_a_file_without_the_weights_that_config_asks_for_is_told(
    folders: Callable[[str], Path], tmp_path: Path, name: str, use_ema: bool, told: str
) -> None:
    release = RELEASES[name]
    folder = published.write_release(tmp_path, dataclasses.replace(release, config={**release.config, "use_ema": use_ema}))
    error = refused(folder)
    assert error.code == "checkpoint_mismatch"
    assert told in error.message
    assert f"Say {str(not use_ema).lower()}" in error.message


def test_what_a_training_script_leaves_beside_the_weights_is_no_weight(tmp_path: Path) -> None:
    folder = published.write_release(tmp_path, RELEASES["erax"])
    path = folder / RELEASES["erax"].file
    save_file({**load_file(path), "duration_predictor.proj.weight": torch.ones(3), "update_after_step": torch.tensor(1)}, path)
    speak(load(folder), "xin chào.", "amy")


def test_of_an_entry_that_stands_twice_the_last_counts_and_the_surplus_is_unknown(folders: Callable[[str], Path]) -> None:
    release = RELEASES["entries twice"]
    tokens = vocabulary.read(folders("entries twice"))
    assert tokens["a"] == len(release.entries) - 2
    known = vocabulary.fitted(tokens, len(tokens), Path("model.safetensors"))
    assert set(tokens) - set(known) == {"a", "?"}, "they have no embedding, which upstream ends with an IndexError"
    assert vocabulary.fitted(tokens, len(release.entries), Path("model.safetensors")) == tokens, "trained on all lines"
    assert laid(load(folders("entries twice")), "entries twice", "was it.").endswith("w s it.")


class TestAPickle:
    def test_that_wants_to_run_code_is_refused_and_does_not_run_it(self, tmp_path: Path) -> None:
        class Call:
            def __reduce__(self) -> tuple[Any, ...]:
                return os.mkdir, (str(tmp_path / "ran"),)

        folder = published.write_release(tmp_path / "model", RELEASES["vivoice"])
        path = folder / RELEASES["vivoice"].file
        torch.save({**torch.load(path, weights_only=True), "extra": Call()}, path)
        error = refused(folder)
        assert error.code == "checkpoint_unsafe"
        assert "posix.mkdir" in error.message
        assert ".safetensors" in error.message
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize("size", [0, 700, 20_000])
    def test_that_was_cut_short_is_told_in_one_line(self, tmp_path: Path, size: int) -> None:
        folder = published.write_release(tmp_path, RELEASES["v0"])
        path = folder / RELEASES["v0"].file
        path.write_bytes(path.read_bytes()[:size])
        error = refused(folder)
        assert error.code == "checkpoint_corrupt"
        assert str(path) in error.message
        assert "\n" not in error.message
        assert "weights_only" not in error.message, "nobody is led to switch the safety off"

    def test_of_the_old_kind_is_read_too(self, tmp_path: Path) -> None:
        path = tmp_path / "pytorch_model.bin"
        torch.save({"a": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
        assert weights.read(path)["a"].tolist() == [1, 1]


class TestAContradiction:
    """Files that do not belong together, each with the numbers of both sides."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return published.write_release(tmp_path, RELEASES["v1"])

    def spoil(self, folder: Path, **tensors: torch.Tensor | None) -> CheckpointError:
        """What is told once these tensors (`__` stands for a dot) are put in, or taken out."""
        path = folder / RELEASES["v1"].file
        changed = {f"ema_model.transformer.{name.replace('__', '.')}": value for name, value in tensors.items()}
        whole = {**load_file(path), **changed}
        save_file({name: value for name, value in whole.items() if value is not None}, path)
        return refused(folder)

    @pytest.mark.parametrize("more", [1, 7])
    def test_of_vocabulary_and_weights(self, folder: Path, more: int) -> None:
        with (folder / "vocab.txt").open("a", encoding="utf-8") as file:
            file.writelines(f"<{number}>\n" for number in range(more))
        error = refused(folder)
        assert error.code == "checkpoint_mismatch"
        assert f"has {len(published.ENTRIES) + more} entries" in error.message
        assert f"know {len(published.ENTRIES)}" in error.message
        assert "same release" in error.message

    @pytest.mark.parametrize(("field", "said", "has"), [("depth", 22, 3), ("dim", 1024, 64), ("text_dim", 512, 32)])
    def test_of_config_and_weights(self, folder: Path, field: str, said: int, has: int) -> None:
        change(folder, arch={**published.V1, field: said})
        error = refused(folder)
        assert error.code == "checkpoint_mismatch"
        assert f"arch.{field}: {said}" in error.message
        assert f"have {has}" in error.message

    def test_of_text_embedding_and_input_layer(self, folder: Path) -> None:
        error = self.spoil(folder, input_embed__proj__weight=torch.zeros(64, 200 + 48))
        assert error.code == "checkpoint_mismatch"
        assert "in 32 channels" in error.message
        assert "takes 48" in error.message

    def test_of_input_and_output(self, folder: Path) -> None:
        error = self.spoil(folder, input_embed__proj__weight=torch.zeros(96, 232))
        assert error.code == "checkpoint_mismatch"
        assert "96 channels wide at its input and 64 at its output" in error.message

    def test_of_layers_that_were_cut_out_without_numbering_the_rest_anew(self, folder: Path) -> None:
        names = [name for name in load_file(folder / RELEASES["v1"].file) if "transformer_blocks.1." in name]
        error = self.spoil(folder, **{name.removeprefix("ema_model.transformer."): None for name in names})
        assert error.code == "checkpoint_mismatch"
        assert "layers 0, 2 of transformer_blocks" in error.message

    def test_of_a_model_that_is_another_one(self, folder: Path) -> None:
        error = self.spoil(folder, layers__0__0__weight=torch.zeros(1))
        assert error.code == "checkpoint_mismatch"
        assert "E2 TTS" in error.message

    def test_of_a_vocoder_in_the_models_place(self, folder: Path) -> None:
        path = folder / RELEASES["v1"].file
        save_file({"head.out.weight": torch.ones(2)}, path)
        error = refused(folder)
        assert error.code == "checkpoint_mismatch"
        assert "is no F5-TTS model" in error.message

    def test_of_settings_in_the_vocabularys_place(self, folder: Path) -> None:
        (folder / "vocab.txt").unlink()
        (folder / "config.json").write_text('{"model_type": "f5"}')
        error = refused(folder)
        assert error.code == "checkpoint_missing"
        assert "no vocabulary" in error.message

    @pytest.mark.parametrize("name", ["config.yaml", "pytorch_model.bin"])
    def test_of_config_and_a_vocoder_that_is_not_there(self, folder: Path, name: str) -> None:
        (folder / "vocos" / name).unlink()
        error = refused(folder)
        assert error.code == "checkpoint_missing"
        assert "vocos" in error.message

    @pytest.mark.parametrize("text", ["backbone: [", "[]", "backbone: {}"])
    def test_of_vocoder_and_a_config_that_is_none(self, folder: Path, text: str) -> None:
        (folder / "vocos" / "config.yaml").write_text(text)
        error = refused(folder)
        assert error.code == "checkpoint_config"
        assert "vocoder's configuration" in error.message

    @pytest.mark.parametrize(
        ("field", "value"), [("arch", "v1"), ("language", "en"), ("lowercase", "no"), ("vocoder", ["vocos"])]
    )
    def test_of_a_field_and_what_stands_in_it(self, folder: Path, field: str, value: object) -> None:
        change(folder, **{field: value})
        error = refused(folder)
        assert error.code == "checkpoint_config"
        assert f"{field} must be" in error.message
        assert repr(value) in error.message

    def test_numbers_without_a_trace_in_the_weights_must_be_said(self, folder: Path) -> None:
        config = yaml.safe_load((folder / "config.yaml").read_text())
        del config["arch"]
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        error = refused(folder)
        assert error.code == "checkpoint_config"
        assert "v1 models: true and null, v0 models: false and 1" in error.message
