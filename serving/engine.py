"""Speaking with a checkpoint, as the scheduler wants it: plan, prepare, step, finish."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import torch

from serving.checkpoint import Checkpoint
from serving.errors import SpeechFailed, TooLong, UnknownVoice
from serving.layout import Laid
from serving.sampler import MAX_FRAMES, Flow, Sampler
from serving.voices import Voice

#: Frames of a batch for each thread on a CPU. It steps the passages of a batch one beside the other, so each passage more
#: makes all of them later, and beyond one for each thread hardly faster: docs/serving.md has the figures.
CPU_FRAMES_PER_THREAD = 1536


@dataclasses.dataclass(frozen=True)
class Work:
    """A passage that was found fit to be spoken. frames counts the reference too: it is what a step costs."""

    voice: Voice
    laid: Laid
    seed: int

    @property
    def frames(self) -> int:
        return self.laid.frames


@dataclasses.dataclass(frozen=True)
class Sound:
    """samples: float32 mono in -1..1, [n]. character_ends: seconds, one for each character sent, or None. frames: spoken."""

    samples: np.ndarray
    rate: int
    character_ends: tuple[float, ...] | None
    frames: int


@dataclasses.dataclass
class State:
    work: Work
    flow: Flow


class Engine:
    """Owns the model. `plan` may be called from any thread; prepare, step and finish belong to one."""

    def __init__(self, checkpoint: Checkpoint, max_frames: int) -> None:
        """max_frames: the longest passage, reference included; never above what the model knows positions for."""
        self.checkpoint = checkpoint
        self.max_frames = min(max_frames, MAX_FRAMES)
        self._sampler = Sampler(checkpoint.cfm.transformer, checkpoint.sampling, checkpoint.device)

    def plan(self, text: str, voice: str, speed: float, seed: int) -> Work:
        """Lay out a passage. Raises UnknownVoice, NothingToSay, TooLong."""
        found = self.checkpoint.voices.get(voice)
        if found is None:
            known = ", ".join(sorted(self.checkpoint.voices))
            raise UnknownVoice(f"There is no voice {voice!r}. This checkpoint has: {known}.")
        laid = self.checkpoint.layout.lay(text, found, speed)
        if laid.frames > self.max_frames:
            room = self.max_frames - found.frames
            raise TooLong(
                f"The passage takes {laid.frames - found.frames} frames, at most {room} fit"
                f" ({room * self._frame_seconds:.0f} s of speech). Split it at a sentence end or speak faster."
            )
        return Work(found, laid, seed)

    def prepare(self, work: Work) -> State:
        return State(work, self._sampler.begin(work.voice.mel, work.laid.tokens, work.frames, work.seed))

    def step(self, states: Sequence[State]) -> None:
        self._sampler.step([state.flow for state in states])

    def done(self, state: State) -> bool:
        return state.flow.done

    def finish(self, states: Sequence[State]) -> list[Sound | Exception]:
        """Turn what was generated into sound, or into SpeechFailed where the model's numbers are none."""
        return [self._sound(state) for state in states]

    def _sound(self, state: State) -> Sound | Exception:
        mel = self._sampler.mel(state.flow)
        raw = self.checkpoint.vocoder(mel[None])[0].float().cpu().numpy()
        if not np.isfinite(raw).all():
            return SpeechFailed("The model gave no finite sound for this passage. Send it with another seed or reword it.")
        samples = np.clip(raw / state.work.voice.gain, -1.0, 1.0).astype(np.float32)
        ends = state.work.laid.character_ends
        length = len(samples) / self.checkpoint.rate
        seconds = tuple(min(end * self._frame_seconds, length) for end in ends) if ends is not None else None
        return Sound(samples, self.checkpoint.rate, seconds, mel.shape[0])

    @property
    def _frame_seconds(self) -> float:
        return self.checkpoint.hop / self.checkpoint.rate

    def warm_up(self, batch_frames: int) -> int:
        """Speak a short passage with every voice, so that the first request finds everything loaded.

        On a GPU it also tries a batch of `batch_frames` frames and halves it until it fits into memory. On a CPU memory is
        no limit, but latency is. Returns the budget to use, never above `batch_frames`.
        """
        for name, voice in self.checkpoint.voices.items():
            state = self.prepare(self.plan(voice.text[:20], name, 1.0, seed=0))
            self.step([state])
            self.finish([state])
        if self.checkpoint.device.type == "cpu":
            return min(batch_frames, CPU_FRAMES_PER_THREAD * torch.get_num_threads())
        while not self._fits(batch_frames):
            batch_frames //= 2
        return batch_frames

    def _fits(self, batch_frames: int) -> bool:
        voice = next(iter(self.checkpoint.voices.values()))
        if batch_frames < voice.frames * 2:
            raise SpeechFailed("The GPU has too little free memory for one passage. Free some or take a smaller checkpoint.")
        rows = math.ceil(batch_frames / self.max_frames)
        frames = batch_frames // rows
        tokens = torch.zeros(frames, dtype=torch.long)
        try:
            flows = [self._sampler.begin(voice.mel, tokens, frames - (row % 2), seed=0) for row in range(rows)]
            self._sampler.step(flows)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            return False
        return True
