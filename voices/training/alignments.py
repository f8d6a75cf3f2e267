"""Which token is spoken in each frame of the corpus: the trained aligner's best path, with the odd ones left out."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import torch

from serving.alignment.frames import spoken_in
from serving.alignment.listener import Listener
from serving.alignment.path import best_path
from voices.training import aligner, whole
from voices.training.corpus import Utterance
from voices.training.features import Features, frames

#: Of the file in a run's folder.
NAME = "alignments.npz"
#: What it holds: the digest of what it was made of, ids of utterances, counts of their tokens, and these after one another.
COLUMNS = ("made_of", "ids", "counts", "tokens", "durations")
#: Mean log-probability a frame below which speech does not say its text as written, or the aligner did not follow it.
UNSURE = -0.35
#: Utterances listened to at once.
TOGETHER = 16


@dataclasses.dataclass(frozen=True)
class Aligned:
    """tokens: integers [n]. durations: frames of each, integers [n], at least 1; their sum is the utterance's frames."""

    utterance: Utterance
    tokens: np.ndarray
    durations: np.ndarray


def of_run(features: Features, folder: Path) -> list[Aligned]:
    """Alignments of the whole corpus by the aligner that the run in `folder` trained, kept there until either changes.

    Raises SystemExit where it follows none.
    """
    listener = aligner.load(folder)
    made_of = _digest(features, listener)
    stored = _read(folder / NAME)
    if stored is None or str(stored["made_of"]) != made_of:
        _write(features, listener, made_of, folder / NAME)
        stored = _read(folder / NAME)
    assert stored is not None
    by_id = {utterance.id: utterance for utterance in features.corpus.utterances}
    found, at = [], 0
    for number, count in zip(stored["ids"], stored["counts"], strict=True):
        where = slice(at, at + count)
        found.append(Aligned(by_id[int(number)], stored["tokens"][where], stored["durations"][where]))
        at += count
    return found


def _digest(features: Features, listener: Listener) -> str:
    total = hashlib.sha256(features.corpus.digest.encode())
    for name, weights in listener.state_dict().items():
        total.update(name.encode())
        total.update(weights.numpy().tobytes())
    return total.hexdigest()


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """None where there is none, or none that can be read: it is made anew then, whatever is wrong with it."""
    if not path.exists():
        return None
    try:
        with np.load(path) as file:
            # Each look into the file would read the whole table anew.
            return {name: file[name] for name in COLUMNS}
    except Exception as error:
        print(f"{path} cannot be read ({whole.reason(error)}). It is made anew.", flush=True)
        return None


def _write(features: Features, listener: Listener, made_of: str, path: Path) -> None:
    found = []
    order = sorted(features.corpus.utterances, key=frames)
    for at in range(0, len(order), TOGETHER):
        found += _align(features, listener, order[at : at + TOGETHER])
    print(f"{len(found)} of {len(order)} utterances are aligned; the others were not followed.", flush=True)
    if not found:
        raise SystemExit(
            "The aligner follows no utterance. Train it for longer, or look into its losses: runs/<size>/aligner.csv."
        )
    with whole.written(path) as unfinished, open(unfinished, "wb") as file:
        np.savez(
            file,
            made_of=made_of,
            ids=[aligned.utterance.id for aligned in found],
            counts=[len(aligned.tokens) for aligned in found],
            tokens=np.concatenate([aligned.tokens for aligned in found]).astype(np.int16),
            durations=np.concatenate([aligned.durations for aligned in found]).astype(np.int16),
        )


@torch.inference_mode()
def _align(features: Features, listener: Listener, batch: list[Utterance]) -> list[Aligned]:
    mels = [features.mel(utterance) for utterance in batch]
    lengths = torch.tensor([len(mel) for mel in mels])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        heard = listener(torch.nn.utils.rnn.pad_sequence(mels, batch_first=True), lengths)
    found = []
    for utterance, row, length in zip(batch, heard.float().numpy(), lengths.tolist(), strict=True):
        tokens = np.array(features.tokens(utterance), np.int64)
        path = best_path(row[:length], tokens)
        if path is not None and path[1] > UNSURE:
            durations = np.bincount(spoken_in(path[0], length), minlength=len(tokens))
            found.append(Aligned(utterance, tokens, durations))
    return found
