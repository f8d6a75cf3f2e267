"""What the recipe puts together is a voice folder that is served."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
import safetensors.torch
import soundfile
import torch

from serving.checkpoints import checkpoint
from serving.engine import Engine
from serving.pronunciation import inventory
from tests.serving.recordings import say
from voices.training import alignments, dit, durations, embedding, export, plot, saved, vocoder
from voices.training.corpus import Corpus
from voices.training.evaluation import card
from voices.training.features import Features

from .conftest import TINY
from .test_vocoder import TINY as TINY_VOCODER

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def run(corpus: Corpus, features: Features, listened: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with every model trained a little."""
    folder = Path(shutil.copytree(listened, tmp_path_factory.mktemp("runs") / "cpu"))
    aligned = alignments.of_run(features, folder)
    durations.train(TINY, features, aligned, folder)
    dit.train(TINY, features, aligned, folder, CPU)
    vocoder.train(TINY_VOCODER, corpus, folder, CPU)
    return folder


@pytest.fixture
def exported(run: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(export, "VOICES", {"first": "one", "second": "two"})
    monkeypatch.setattr(export, "SHORTEST", 1.0)
    monkeypatch.setattr(export, "PEAK", 0.1)
    export.export(TINY, corpus, run, tmp_path / "voice")
    return tmp_path / "voice"


def test_an_exported_folder_is_loaded_with_its_voices_and_speaks(exported: Path) -> None:
    loaded = checkpoint.load(exported, CPU)
    assert set(loaded.voices) == {"first", "second"}
    assert loaded.sampling.steps == TINY.sampling_steps
    assert loaded.layout.kind == "aligned"
    sound = say(Engine(loaded), "Ma ná đi bò.", "first")
    assert 0.3 < len(sound.samples) / loaded.rate < 3


def test_a_reference_is_a_sentence_of_the_corpus_at_its_speakers_usual_pace(exported: Path, corpus: Corpus) -> None:
    loaded = checkpoint.load(exported, CPU)
    for name, speaker in (("first", "one"), ("second", "two")):
        said = {each.text: each for each in corpus.utterances if each.speaker == speaker and not each.held_out}
        chosen = said[loaded.voices[name].text]
        paces = sorted(len(each.text) / each.seconds for each in said.values())
        assert paces[len(paces) // 4] <= len(chosen.text) / chosen.seconds <= paces[3 * len(paces) // 4]
        samples, _ = soundfile.read(exported / "references" / f"{name}.wav", dtype="float32")
        assert abs(samples).max() == pytest.approx(export.PEAK, abs=1e-3), "room for louder sentences is left"
        wave = corpus.wave(chosen)
        assert abs(samples / abs(samples).max() - wave / abs(wave).max()).max() < 1e-3


def test_the_weights_are_the_averages_of_the_run_and_anybody_may_read_them(exported: Path, run: Path) -> None:
    files = {"model": "dit", "aligner": "aligner", "durations": "durations", "vocoder": "vocoder"}
    for name, training in files.items():
        path = exported / f"{name}.safetensors"
        assert path.stat().st_mode & 0o444 == 0o444
        trained = torch.load(run / f"{training}.pt", weights_only=False)["kept"]["average"]
        if name == "model":
            trained = embedding.served(trained, inventory())
        for weight, value in safetensors.torch.load_file(path).items():
            source = f"durations.{weight}" if name == "durations" else weight.removeprefix("transformer.")
            assert torch.equal(value, trained[source].half()), weight
            assert not weight.endswith("inv_freq"), "angles are worked out, not learnt"


def test_the_card_tells_of_every_model_and_has_a_place_for_figures(exported: Path) -> None:
    card.check(exported)
    text = (exported / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "`first` (one), `second` (two)" in text
    assert "| 12 |" in text, "steps of the DiT"
    assert "$" not in text


def test_a_speaker_without_a_sentence_that_fits_is_named(run: Path, corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no sentence by heart"):
        export.export(TINY, corpus, run, tmp_path / "voice")
    assert not (tmp_path / "voice").exists(), "half a folder is not left"


def test_a_model_of_another_recipe_or_cut_off_is_named_before_anything_is_written(
    run: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "VOICES", {"first": "one", "second": "two"})
    monkeypatch.setattr(export, "SHORTEST", 1.0)
    shutil.copytree(run, tmp_path / "cpu")
    state = torch.load(run / "dit.pt", weights_only=False)
    state["kept"]["average"] = embedding.served(state["kept"]["average"], inventory())
    torch.save(state, tmp_path / "cpu" / "dit.pt")
    with pytest.raises(SystemExit, match=r"dit\.pt .*share no part.*python -m voices\.training\.dit --size cpu"):
        export.export(TINY, corpus, tmp_path / "cpu", tmp_path / "voice")
    shutil.copy(run / "dit.pt", tmp_path / "cpu")
    (tmp_path / "cpu" / "vocoder.pt").write_bytes(b"")
    with pytest.raises(SystemExit, match=r"vocoder\.pt is cut off"):
        export.export(TINY, corpus, tmp_path / "cpu", tmp_path / "voice")
    assert not (tmp_path / "voice").exists()


@pytest.mark.parametrize("left", [0, 500, -40])
def test_alignments_that_were_cut_off_are_made_anew(
    run: Path, corpus: Corpus, tmp_path: Path, left: int, capsys: pytest.CaptureFixture[str]
) -> None:
    features, kept = Features(corpus), tmp_path / alignments.NAME
    shutil.copy(run / "aligner.pt", tmp_path)
    kept.write_bytes((run / alignments.NAME).read_bytes()[:left])
    again, before = alignments.of_run(features, tmp_path), alignments.of_run(features, run)
    assert "It is made anew." in capsys.readouterr().out
    assert [each.utterance for each in again] == [each.utterance for each in before]
    assert all((a.durations == b.durations).all() for a, b in zip(again, before, strict=True))
    assert {path.name for path in tmp_path.iterdir()} == {"aligner.pt", alignments.NAME}


def test_every_training_saves_what_can_be_read_without_running_it(run: Path) -> None:
    for name in plot.MODELS:
        state = torch.load(run / f"{name}.pt", weights_only=False)
        assert saved.read(run / f"{name}.pt")["minutes"] == state["minutes"]
        assert saved.average(run, name).keys() == state["kept"]["average"].keys()


def test_the_losses_of_every_model_are_drawn(run: Path, tmp_path: Path) -> None:
    plot.draw(run, tmp_path / "losses.svg")
    assert ElementTree.parse(tmp_path / "losses.svg").getroot().tag.endswith("svg")


def test_a_loss_below_zero_is_drawn_beside_the_others_and_not_lost(tmp_path: Path) -> None:
    header, lines = "step,minutes,loss,length", ("1,1.0,-5.0,0.1", "2,2.0,-6.0,0.05")
    (tmp_path / "durations.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    plot.draw(tmp_path, tmp_path / "losses.svg")
    text = (tmp_path / "losses.svg").read_text(encoding="utf-8")
    assert "loss (right)" in text
    assert "length (right)" not in text
