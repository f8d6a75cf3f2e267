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
from serving.voices.references import Reference


@dataclasses.dataclass(frozen=True)
class Voice:
    """One reference.

    mel: float32 [frames, channels] on the model's device. gain: what the wave was multiplied by to come to the
    checkpoint's level; speech is divided by it. tokens: the phone in each frame, integers [frames] (layout `aligned` only).
    level: RMS of the wave as recorded. syllable_frames: frames of speech for a syllable (pace.py). frame_seconds: how long
    a frame lasts. fingerprint: SHA-256 (hex) of both files.
    """

    name: str
    language: str
    text: str
    mel: torch.Tensor
    gain: float
    tokens: torch.Tensor | None
    level: float
    syllable_frames: float
    frame_seconds: float
    fingerprint: str

    @property
    def frames(self) -> int:
        return self.mel.shape[0]

    @property
    def bytes(self) -> int:
        held = [self.mel] if self.tokens is None else [self.mel, self.tokens]
        return sum(tensor.numel() * tensor.element_size() for tensor in held) + len(self.text)


def load(
    folder: Path,
    spectrogram: Mel,
    rms: float | None,
    device: torch.device,
    hear: Callable[[str, Reference], torch.Tensor | None] = lambda name, reference: None,
    most_bytes: int = KEPT_BYTES,
) -> Voices:
    """The voices in references/ of a checkpoint, of which at least one must be usable.

    rms: the level the model was trained at, None to leave waves as they are. hear: from a voice's name and reference to the
    phone in each frame, None where the layout wants none; raises VoiceUnusable. most_bytes: of what is kept. Raises
    CheckpointError checkpoint_missing, checkpoint_corrupt where none is.
    """

    @torch.inference_mode()
    def read(name: str, wave: bytes, about: bytes) -> Voice:
        reference = references.read(name, wave, about, spectrogram.rate)
        return _voice(name, reference, hear(name, reference), fingerprint(wave, about), spectrogram, rms, device)

    found = Voices(folder / "references", read, most_bytes)
    if any(found.values()):
        return found
    for name in found:
        try:
            found[name]
        except VoiceUnusable as error:
            raise CheckpointError(f"No voice can be used. {error.message}", "checkpoint_corrupt") from error
    raise CheckpointError(f"{folder / 'references'} holds no .wav. Add a reference wave and its .json.", "checkpoint_missing")


def _voice(
    name: str,
    reference: Reference,
    tokens: torch.Tensor | None,
    fingerprint: str,
    spectrogram: Mel,
    rms: float | None,
    device: torch.device,
) -> Voice:
    level = float(np.sqrt(np.mean(reference.samples**2)))
    gain = rms / level if rms else 1.0
    mel = spectrogram(torch.from_numpy(reference.samples * np.float32(gain))[None].to(device))[0].T.contiguous()
    frame = spectrogram.hop / spectrogram.rate
    return Voice(
        name=name,
        language=reference.language,
        text=reference.text,
        mel=mel,
        gain=gain,
        tokens=tokens,
        level=level,
        syllable_frames=reference.syllable_seconds / frame,
        frame_seconds=frame,
        fingerprint=fingerprint,
    )
