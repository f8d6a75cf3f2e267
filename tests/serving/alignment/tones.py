"""A language of tones: every phone is a sound of its own, so that an aligner learns it in seconds and all times are known."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch

from serving.alignment.aligner import LEVEL, Aligner
from serving.alignment.listener import Listener
from serving.model.mel import Mel
from serving.pronunciation import Phone, Pronunciation, inventory

RATE = 24_000
#: What can be said in it.
WORDS = ("seven", "ships", "sailed", "over", "the", "grey", "sea", "with", "forty", "old", "men", "to", "find", "a", "city")
#: Seconds of each phone, of a space and of a mark.
PHONE, SPACE, MARK = 0.08, 0.03, 0.3
STEPS, WORDS_A_PHRASE, LEARNING = 100, 10, 6e-3

VOCABULARY = {token: number for number, token in enumerate(inventory())}


def read(text: str) -> tuple[Phone, ...]:
    return Pronunciation().read(text)


def say(text: str) -> np.ndarray:
    return speech(read(text))[0]


def speech(phones: Sequence[Phone], seed: int = 0) -> tuple[np.ndarray, list[float]]:
    """Sound of the phones in some noise, float32 at 24 kHz, and the seconds at which each begins."""
    parts = [_sound(phone.token) for phone in phones]
    begun = np.cumsum([0, *map(len, parts)])[:-1] / RATE
    whole = np.concatenate([*parts, np.zeros(RATE // 10)])
    noise = np.random.default_rng(seed).standard_normal(len(whole))
    return (whole + 0.003 * noise).astype(np.float32), begun.tolist()


def _sound(token: str) -> np.ndarray:
    if not token.startswith("/"):
        return np.zeros(round((SPACE if token == " " else MARK) * RATE))
    times = np.arange(round(PHONE * RATE)) / RATE
    # Two partials: so many tokens would lie too near to one another with one.
    low, high = 250 * 1.35 ** (VOCABULARY[token] % 7), 2200 * 1.2 ** (VOCABULARY[token] // 7)
    return 0.2 * np.hanning(len(times)) ** 0.25 * (np.sin(2 * np.pi * low * times) + np.sin(2 * np.pi * high * times))


@functools.cache
def aligner() -> Aligner:
    """One that has learnt to hear the words in any order. As it is known when each phone sounds, it is taught just that."""
    torch.manual_seed(0)
    randomness = np.random.default_rng(0)
    listener = Listener(len(VOCABULARY), width=48, layers=3)
    optimiser = torch.optim.AdamW(listener.parameters(), LEARNING)
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = LEARNING * min(1.0, 2 * (STEPS - step) / STEPS)
        mel, wanted = _lesson(", ".join(" ".join(randomness.choice(WORDS, WORDS_A_PHRASE)) for _ in range(2)) + ".", step)
        loss = torch.nn.functional.nll_loss(listener(mel[None])[0], wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return Aligner(listener, VOCABULARY)


def _lesson(text: str, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A spectrogram, and the class of each frame: that of a phone for two frames after its beginning, else none."""
    phones, mel = read(text), Mel()
    wave, begun = speech(phones, seed)
    heard = mel(torch.from_numpy(wave * (LEVEL / np.sqrt(np.mean(wave**2))))[None])[0].T.clone()
    wanted = torch.zeros(len(heard), dtype=torch.long)
    for phone, start in zip(phones, begun, strict=True):
        first = round(start * RATE / mel.hop) + 1
        wanted[first : first + 2] = VOCABULARY[phone.token] + 1
    return heard, wanted
