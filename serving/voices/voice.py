"""The voices of a checkpoint: what is in references/<name>.wav and <name>.json, as the model takes it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from serving.errors import CheckpointError, VoiceUnusable
from serving.model.mel import Mel
from serving.voices import references
from serving.voices.cache import KEPT_BYTES, Voices, fingerprint


@dataclasses.dataclass(frozen=True)
class Voice:
    """One reference.

    mel: float32 [frames, channels] on the model's device. gain: what the wave was multiplied by to come to the
    checkpoint's level; speech is divided by it. characters_of_frames: index into `text` for each frame (aligned only).
    level: RMS of the wave as recorded. syllable_frames: frames of speech for a syllable (pace.py). frame_seconds: how long
    a frame lasts. fingerprint: SHA-256 (hex) of both files.
    """

    name: str
    language: str
    text: str
    mel: torch.Tensor
    gain: float
    characters_of_frames: tuple[int, ...] | None
    level: float
    syllable_frames: float
    frame_seconds: float
    fingerprint: str

    @property
    def frames(self) -> int:
        return self.mel.shape[0]

    @property
    def bytes(self) -> int:
        indexes = len(self.characters_of_frames or ()) * 8
        return self.mel.numel() * self.mel.element_size() + len(self.text) + indexes


def load(
    folder: Path,
    spectrogram: Mel,
    rms: float | None,
    device: torch.device,
    check: Callable[[Voice], None] = lambda voice: None,
    most_bytes: int = KEPT_BYTES,
) -> Voices:
    """The voices in references/ of a checkpoint, of which at least one must be usable.

    rms: the level the model was trained at, None to leave waves as they are. check: of the layout, raises VoiceUnusable.
    most_bytes: of what is kept. Raises CheckpointError checkpoint_missing, checkpoint_corrupt where none is.
    """

    @torch.inference_mode()
    def read(name: str, wave: bytes, about: bytes) -> Voice:
        voice = _voice(name, wave, about, spectrogram, rms, device)
        check(voice)
        return voice

    found = Voices(folder / "references", read, most_bytes)
    if any(found.values()):
        return found
    for name in found:
        try:
            found[name]
        except VoiceUnusable as error:
            raise CheckpointError(f"No voice can be used. {error.message}", "checkpoint_corrupt") from error
    raise CheckpointError(f"{folder / 'references'} holds no .wav. Add a reference wave and its .json.", "checkpoint_missing")


def _voice(name: str, wave: bytes, about: bytes, spectrogram: Mel, rms: float | None, device: torch.device) -> Voice:
    reference = references.read(name, wave, about, spectrogram.rate)
    level = float(np.sqrt(np.mean(reference.samples**2)))
    gain = rms / level if rms else 1.0
    mel = spectrogram(torch.from_numpy(reference.samples * np.float32(gain))[None].to(device))[0].T.contiguous()
    indexes = reference.characters_of_frames
    # A wave may end within its last frame.
    if indexes is not None and not mel.shape[0] <= len(indexes) <= mel.shape[0] + 1:
        raise VoiceUnusable(
            name,
            f"has characters_of_frames for {len(indexes)} frames, its wave has {mel.shape[0]}. Align it anew, or copy both"
            " files from the same place.",
        )
    frame = spectrogram.hop / spectrogram.rate
    return Voice(
        name=name,
        language=reference.language,
        text=reference.text,
        mel=mel,
        gain=gain,
        characters_of_frames=indexes,
        level=level,
        syllable_frames=reference.syllable_seconds / frame,
        frame_seconds=frame,
        fingerprint=fingerprint(wave, about),
    )
