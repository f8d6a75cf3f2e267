"""How far two sounds of the same words lie apart: mel spectrograms after time warping, and spectra frame by frame."""

from __future__ import annotations

import numpy as np
import torch

from serving.model.mel import Mel
from serving.voices import silence

#: The level speech is brought to before it is compared (RMS), silence at its ends not counted.
LEVEL = 0.1
#: Nepers (60 dB) below the loudest band under which a band counts as silent: what lies there is not heard.
HEARD = 6.9
#: Window, step and FFT of the resolutions of Parallel WaveGAN (arXiv 1910.11480), in samples.
RESOLUTIONS = ((600, 120, 1024), (1200, 240, 2048), (240, 50, 512))


def levelled(samples: np.ndarray, rate: int) -> np.ndarray:
    """Speech without silence at its ends and at RMS 0.1, float32 [n]. What is silent stays as it is."""
    first, last = silence.trim(samples, rate, head=0.0, tail=0.0)
    kept = samples[first:last]
    level = float(np.sqrt(np.mean(np.square(kept, dtype=np.float64))))
    return (kept * (LEVEL / level)).astype(np.float32) if level > 0 else kept


def mel(samples: np.ndarray, spectrogram: Mel) -> np.ndarray:
    """Log mels of levelled speech, float32 [frames, channels], no lower than what is heard beside the loudest."""
    found = spectrogram(torch.from_numpy(levelled(samples, spectrogram.rate))[None])[0].T.numpy()
    return np.maximum(found, found.max() - HEARD)


def warped(one: np.ndarray, other: np.ndarray) -> float:
    """Mean Euclidean distance of the frames on the best way through both, [frames, channels] each: dynamic time warping with
    steps of one frame in either or both, by the length of the way."""
    costs = np.sqrt(np.maximum(_squared(one, other), 0.0))
    totals, lengths = _diagonals(costs)
    return totals / lengths


def _squared(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    one, other = one.astype(np.float64), other.astype(np.float64)
    return (one**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * one @ other.T


def _diagonals(costs: np.ndarray) -> tuple[float, int]:
    """Cost and frames of the cheapest way from one corner to the other; all cells of a diagonal at once."""
    rows, columns = costs.shape
    # Indexed by row + 1: the cells of the two diagonals before this one.
    before, earlier = (np.full(rows + 1, np.inf) for _ in range(2))
    counts, counts_earlier = (np.zeros(rows + 1, np.int64) for _ in range(2))
    for diagonal in range(rows + columns - 1):
        low, high = max(0, diagonal - columns + 1), min(diagonal, rows - 1) + 1
        places = np.arange(low, high)
        ways = np.stack([earlier[low:high], before[low:high], before[low + 1 : high + 1]])
        steps = np.stack([counts_earlier[low:high], counts[low:high], counts[low + 1 : high + 1]])
        if diagonal == 0:
            ways[0] = 0.0
        best = ways.argmin(0)
        here, count = np.full(rows + 1, np.inf), np.zeros(rows + 1, np.int64)
        here[low + 1 : high + 1] = np.take_along_axis(ways, best[None], 0)[0] + costs[places, diagonal - places]
        count[low + 1 : high + 1] = np.take_along_axis(steps, best[None], 0)[0] + 1
        earlier, before, counts_earlier, counts = before, here, counts, count
    return float(before[-1]), int(counts[-1])


def mel_error(made: np.ndarray, wanted: np.ndarray, spectrogram: Mel) -> float:
    """Mean absolute difference of the log mels of two waves of about the same length, in nepers, frame by frame."""
    mels = [spectrogram(torch.from_numpy(wave)[None])[0] for wave in (made, wanted)]
    frames = min(found.shape[1] for found in mels)
    return float((mels[0][:, :frames] - mels[1][:, :frames]).abs().mean())


def spectral(made: np.ndarray, wanted: np.ndarray) -> float:
    """Multi-resolution STFT distance of two waves (Parallel WaveGAN): spectral convergence and mean difference of the log
    magnitudes, summed, the mean over three resolutions."""
    length = min(len(made), len(wanted))
    waves = torch.from_numpy(np.stack([made[:length], wanted[:length]]))
    found = []
    for window, step, size in RESOLUTIONS:
        spectrum = torch.stft(waves, size, step, window, torch.hann_window(window), return_complex=True)
        one, other = spectrum.abs().clamp(min=1e-5)
        found.append((other - one).norm() / other.norm() + (other.log() - one.log()).abs().mean())
    return float(torch.stack(found).mean())
