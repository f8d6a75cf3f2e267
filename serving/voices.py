"""The voices of a checkpoint: a reference wave, what is said in it, and its mel spectrogram, computed once."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import soundfile
import torch

from serving.errors import CheckpointError
from serving.model.mel import Mel


@dataclasses.dataclass(frozen=True)
class Voice:
    """One reference.

    mel: float32 [frames, channels] on the model's device. gain: what the wave was multiplied by to come to the
    checkpoint's level; speech is divided by it. characters_of_frames: index into `text` for each frame (aligned only).
    """

    name: str
    language: str
    text: str
    mel: torch.Tensor
    gain: float
    characters_of_frames: tuple[int, ...] | None

    @property
    def frames(self) -> int:
        return self.mel.shape[0]


def load(folder: Path, spectrogram: Mel, rms: float | None, device: torch.device) -> dict[str, Voice]:
    """Read references/<name>.wav and <name>.json (text, language, characters_of_frames for aligned checkpoints).

    rms: the level the model was trained at, None to leave waves as they are. Raises CheckpointError.
    """
    waves = sorted((folder / "references").glob("*.wav"))
    if not waves:
        raise CheckpointError(
            f"{folder / 'references'} holds no .wav. Add a reference wave and its .json.", "checkpoint_missing"
        )
    return {path.stem: _read(path, spectrogram, rms, device) for path in waves}


@torch.inference_mode()
def _read(path: Path, spectrogram: Mel, rms: float | None, device: torch.device) -> Voice:
    about_path = path.with_suffix(".json")
    try:
        about = json.loads(about_path.read_text(encoding="utf-8"))
        text, language = about["text"], about["language"]
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{about_path} is missing. It tells text and language of {path.name}.", "checkpoint_missing"
        ) from error
    except (ValueError, KeyError, TypeError, soundfile.SoundFileError) as error:
        raise CheckpointError(
            f"The voice {path.stem} cannot be read ({error}). Copy its two files again.", "checkpoint_corrupt"
        ) from error
    wanted = spectrogram.rate
    if rate != wanted:
        raise CheckpointError(
            f"{path} has {rate} samples a second, the model takes {wanted}. Resample it.", "checkpoint_mismatch"
        )
    samples = wave.mean(axis=1)
    level = float(np.sqrt(np.mean(samples**2)))
    if level < 1e-4 or not text.strip():
        raise CheckpointError(f"The voice {path.stem} is silent or has no text. Record it again.", "checkpoint_corrupt")
    gain = rms / level if rms else 1.0
    mel = spectrogram(torch.from_numpy(samples * np.float32(gain))[None].to(device))[0].T.contiguous()
    indexes = about.get("characters_of_frames")
    if indexes is not None and not _lies_on(indexes, text, mel.shape[0]):
        raise CheckpointError(
            f"{about_path}: characters_of_frames does not lie on its {mel.shape[0]} frames.", "checkpoint_mismatch"
        )
    return Voice(path.stem, language, text, mel, gain, tuple(indexes) if indexes is not None else None)


def _lies_on(indexes: list[int], text: str, frames: int) -> bool:
    """Whether there is an index into `text` for every one of `frames` frames (a wave may end within its last one)."""
    return frames <= len(indexes) <= frames + 1 and all(isinstance(i, int) and 0 <= i < len(text) for i in indexes)
