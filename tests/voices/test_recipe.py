"""The trainings of the recipe, small, on a corpus whose truth is known."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from serving.pronunciation import inventory
from voices.training import alignments, dit, durations
from voices.training.alignments import Aligned
from voices.training.features import Features

from .conftest import TINY, frames_of

CPU = torch.device("cpu")


@pytest.fixture(scope="session")
def aligned(features: Features, listened: Path) -> list[Aligned]:
    return alignments.of_run(features, listened)


def test_the_aligner_finds_where_each_phone_is_spoken_also_in_speech_it_never_heard(aligned: list[Aligned]) -> None:
    held = [each for each in aligned if each.utterance.held_out]
    assert len(held) == 8
    errors = []
    for each in held:
        truth = np.cumsum([frames_of(inventory()[token]) for token in each.tokens])
        errors += list(np.abs(np.cumsum(each.durations)[:-1] - truth[:-1]))
    # A tone says the same from its beginning to its end, so the aligner may be sure of it anywhere in its 6 to 12 frames.
    assert np.median(errors) <= 5
    assert np.mean(errors) < 6


def test_alignments_are_kept_until_the_corpus_or_the_aligner_changes(
    aligned: list[Aligned], features: Features, listened: Path, tmp_path: Path
) -> None:
    kept = listened / alignments.NAME
    written = kept.stat().st_mtime_ns
    again = alignments.of_run(features, listened)
    assert kept.stat().st_mtime_ns == written
    assert [each.utterance for each in again] == [each.utterance for each in aligned]
    assert all((a.durations == b.durations).all() and (a.tokens == b.tokens).all() for a, b in zip(aligned, again, strict=True))
    assert all(each.durations.sum() == len(features.mel(each.utterance)) for each in aligned)
    other = torch.load(listened / "aligner.pt", weights_only=False)
    for name, value in other["kept"]["average"].items():
        other["kept"]["average"][name] = value * 0.99 if value.is_floating_point() else value
    shutil.copy(kept, tmp_path)
    torch.save(other, tmp_path / "aligner.pt")
    alignments.of_run(features, tmp_path)
    assert (tmp_path / alignments.NAME).read_bytes() != kept.read_bytes()


def test_the_durations_are_learnt_apart_from_the_pace_of_the_speakers(
    aligned: list[Aligned], features: Features, tmp_path: Path
) -> None:
    slow = [
        dataclasses.replace(each, durations=each.durations * 2) if each.utterance.speaker == "two" else each for each in aligned
    ]
    durations.train(TINY, features, slow, tmp_path)
    trained = durations.Paced(len(inventory()), 2)
    trained.load_state_dict(torch.load(tmp_path / "durations.pt", weights_only=False)["kept"]["average"])
    one, two = trained.paces.weight.exp().flatten().tolist()
    assert two / one == pytest.approx(2, rel=0.1)
    each = next(each for each in aligned if each.utterance.held_out)
    with torch.inference_mode():
        tokens = torch.from_numpy(each.tokens).long()[None]
        predicted = trained(tokens, torch.ones_like(tokens, dtype=torch.bool), torch.tensor([0]))[0]
    assert float(predicted.sum()) == pytest.approx(int(each.durations.sum()), rel=0.1)


def test_a_training_that_was_stopped_ends_with_the_weights_of_one_that_was_not(
    aligned: list[Aligned], features: Features, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dit.train(TINY, features, aligned, tmp_path / "whole", CPU)
    real, told = dit.flow_loss, []

    def stopping(*arguments: torch.Tensor) -> torch.Tensor:
        told.append(1)
        if len(told) == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(dit, "flow_loss", stopping)
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with pytest.raises(SystemExit):
        dit.train(TINY, features, aligned, tmp_path / "cut", CPU)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == handlers
    assert torch.load(tmp_path / "cut" / "dit.pt", weights_only=False)["kept"]["step"] == 5
    dit.train(TINY, features, aligned, tmp_path / "cut", CPU)
    whole, cut = (torch.load(tmp_path / name / "dit.pt", weights_only=False)["kept"] for name in ("whole", "cut"))
    assert whole["step"] == cut["step"] == TINY.steps
    for weights in ("model", "average"):
        assert all(value.equal(cut[weights][name]) for name, value in whole[weights].items())


def test_the_flow_is_learnt_step_by_step(aligned: list[Aligned], features: Features) -> None:
    training = dit.DitTraining(dataclasses.replace(TINY, rate=2e-3, steps=1_000), features, aligned, CPU)
    training.step = 200  # past the warm-up
    losses = []
    for _ in range(60):
        training.advance()
        losses.append(training.told()["loss"])
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:5])


def test_rows_are_filled_without_padding_by_one_speaker_each_with_text_and_sound_on_one_another(
    aligned: list[Aligned], features: Features
) -> None:
    rows = dit.Rows(features, aligned, 1_408)
    for _ in range(5):
        mels, tokens = rows.draw()
        assert mels.shape[:2] == tokens.shape
        assert mels.shape[1] in dit.LENGTHS
        assert mels.shape[0] == max(1, 1_408 // mels.shape[1])
        for mel, row in zip(mels, tokens, strict=True):
            said, at = [], 0
            while at < len(mel):
                each = next(each for each in aligned if _is_at(features.mel(each.utterance), mel[at:]))
                laid = torch.from_numpy(each.tokens.repeat(each.durations))[: len(mel) - at]
                assert row[at : at + len(laid)].equal(laid.long())
                said.append(each.utterance)
                at += len(laid)
            assert len({utterance.speaker for utterance in said}) == 1


def test_the_voices_that_are_shipped_are_drawn_most(
    aligned: list[Aligned], features: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dit, "VOICES", {"shipped": "two"})
    monkeypatch.setattr(dit, "SHIPPED", 1e9)
    rows = dit.Rows(features, aligned, 1_408)
    for _ in range(5):
        rows.draw()
    assert rows.waiting["two"]
    assert not rows.waiting["one"], "nobody drew it"


def test_a_shipped_voice_counts_in_the_durations_as_much_as_its_language_says(
    aligned: list[Aligned], features: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "VOICES", {"shipped": "two"})
    monkeypatch.setattr(durations, "SHIPPED", {"en": 1.0, "vi": 1e9})
    monkeypatch.setattr(durations, "TOGETHER", len(aligned))
    of_two = [each for each in aligned if each.utterance.speaker == "two"]
    everybody, two = (durations.DurationsTraining(TINY, len(features.vocabulary), some) for some in (aligned, of_two))
    two.paced.load_state_dict(
        {name: value[:1] if name == "paces.weight" else value for name, value in everybody.paced.state_dict().items()}
    )
    assert everybody.loss().item() == pytest.approx(two.loss().item(), rel=1e-4)
    alike = [dataclasses.replace(each, utterance=dataclasses.replace(each.utterance, language="en")) for each in aligned]
    in_english = durations.DurationsTraining(TINY, len(features.vocabulary), alike)
    in_english.paced.load_state_dict(everybody.paced.state_dict())
    assert in_english.loss().item() != pytest.approx(two.loss().item(), rel=1e-4)


def _is_at(mel: torch.Tensor, row: torch.Tensor) -> bool:
    length = min(len(mel), len(row))
    return mel[:length].equal(row[:length])
