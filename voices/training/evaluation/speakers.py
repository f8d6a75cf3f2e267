"""How alike two voices are: the speaker encoder of Resemblyzer (Apache-2.0), trained by GE2E (arXiv 1710.10467).

Only the weights are taken from its package, which needs a compiler and much else to be imported; the encoder is one LSTM.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import soxr
import torch
from torch import nn

from serving.voices import silence

#: What the encoder was trained on: 16 kHz, mel bands of power, windows of 25 ms every 10 ms, pieces of 1.6 s.
RATE, WINDOW, STEP, CHANNELS = 16_000, 400, 160, 40
PIECE, BETWEEN = 160, 77
#: Level that quiet speech is raised to, in RMS (-30 dB).
LEVEL = 10 ** (-30 / 20)
#: Slaney's mel scale: linear below 1 kHz, logarithmic above.
HERTZ_A_MEL, BREAK, STEPS_A_NEPER = 200 / 3, 1000.0, 27 / np.log(6.4)


class Encoder(nn.Module):
    """Sound -> 256 numbers of length 1; parameter names are the file's."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(CHANNELS, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)
        # What else lies in the file belongs to its training.
        self.load_state_dict(torch.load(_weights(), map_location="cpu", weights_only=True)["model_state"], strict=False)
        self.eval()

    @torch.inference_mode()
    def embed(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """samples: float32 [n] of one speaker. Returns float32 [256], the mean over pieces of 1.6 s; the product of two is the
        cosine between them."""
        _, (hidden, _) = self.lstm(torch.from_numpy(pieces(power(_prepared(samples, rate)))))
        each = nn.functional.normalize(torch.relu(self.linear(hidden[-1])), dim=1)
        return nn.functional.normalize(each.mean(0), dim=0).numpy()


def pieces(frames: np.ndarray) -> np.ndarray:
    """[frames, channels] as overlapping pieces of 1.6 s, [pieces, 160, channels]; one that is shorter is filled with zeros."""
    if len(frames) < PIECE:
        return np.pad(frames, ((0, PIECE - len(frames)), (0, 0)))[None]
    return np.stack([frames[start : start + PIECE] for start in range(0, len(frames) - PIECE + 1, BETWEEN)])


def power(samples: np.ndarray) -> np.ndarray:
    """Power in mel bands, float32 [frames, 40]."""
    window = torch.hann_window(WINDOW)
    spectrum = torch.stft(torch.from_numpy(samples), WINDOW, STEP, WINDOW, window, pad_mode="constant", return_complex=True)
    return (filters() @ spectrum.abs().square().numpy()).T.astype(np.float32)


def filters() -> np.ndarray:
    """Triangles of equal area on Slaney's mel scale, 0 to 8 kHz, [40, 201]."""
    highest = BREAK / HERTZ_A_MEL + np.log(RATE / 2 / BREAK) * STEPS_A_NEPER
    mels = np.linspace(0, highest, CHANNELS + 2)
    above = np.exp(np.maximum(mels - BREAK / HERTZ_A_MEL, 0) / STEPS_A_NEPER)
    corners = np.where(mels < BREAK / HERTZ_A_MEL, mels * HERTZ_A_MEL, BREAK * above)
    frequencies = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    slopes = corners[:, None] - frequencies[None]
    widths = np.diff(corners)[:, None]
    triangles = np.minimum(-slopes[:-2] / widths[:-1], slopes[2:] / widths[1:]).clip(min=0)
    return triangles * (2 / (corners[2:] - corners[:-2]))[:, None]


def _prepared(samples: np.ndarray, rate: int) -> np.ndarray:
    wave = soxr.resample(samples, rate, RATE)
    first, last = silence.trim(wave, RATE)
    wave = wave[first:last]
    level = float(np.sqrt(np.mean(wave**2)))
    return (wave * max(1.0, LEVEL / level)).astype(np.float32) if level > 0 else wave


def _weights() -> Path:
    package = importlib.util.find_spec("resemblyzer")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("resemblyzer is missing. Run this through `make voice-eval`, which installs it.")
    return Path(package.origin).parent / "pretrained.pt"
