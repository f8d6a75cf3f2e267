"""Speaking with a checkpoint, as the scheduler wants it: plan, prepare, step, finish."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from serving.batching import budget
from serving.errors import SpeechFailed, TooLong, UnknownVoice
from serving.layouts.layout import Laid
from serving.model.flow import MAX_FRAMES, Flow, Sampler, Sampling
from serving.voices import silence

if TYPE_CHECKING:  # what reads files is not needed to speak: benchmarks/gpu.py runs where torch is all there is
    from serving.checkpoints.checkpoint import Checkpoint
    from serving.voices.voice import Voice


#: Evaluations of the model for a passage with upstream's own sampling: 32 guided steps.
USUAL_EVALUATIONS = Sampling().evaluations


@dataclasses.dataclass(frozen=True)
class Work:
    """A passage that was found fit to be spoken. frames counts the reference too: it is what a step costs."""

    voice: Voice
    laid: Laid
    seed: int
    sampling: Sampling

    @property
    def frames(self) -> int:
        return self.laid.frames

    @property
    def cost(self) -> float:
        """What all its steps cost: the frames of a passage that takes as much of the machine in 32 guided steps."""
        return self.frames * self.sampling.evaluations / USUAL_EVALUATIONS


@dataclasses.dataclass(frozen=True, eq=False)
class Sound:
    """samples: float32 mono in -1..1, [n]. laid_ends: seconds at which each character sent ends as it was laid out, or None
    where the layout tells none. frames: spoken. beyond: times full scale that its peak was, and it was turned down by; 1 where
    it was not."""

    samples: np.ndarray
    rate: int
    laid_ends: tuple[float, ...] | None
    frames: int
    beyond: float = 1.0


@dataclasses.dataclass
class State:
    work: Work
    flow: Flow


class Engine:
    """Owns the model. `plan` may be called from any thread; prepare, step and finish belong to one."""

    def __init__(self, checkpoint: Checkpoint, max_frames: int = MAX_FRAMES) -> None:
        """max_frames: the longest passage, reference included; never above what the model knows positions for."""
        self.checkpoint = checkpoint
        self.max_frames = min(max_frames, MAX_FRAMES)
        self._sampler = Sampler(checkpoint.dit)

    def plan(self, text: str, voice: str, speed: float, seed: int, sampling: Sampling | None = None) -> Work:
        """Lay out a passage. sampling: None for the checkpoint's own. Raises UnknownVoice, NothingToSay, TooLong."""
        found = self.checkpoint.voices.get(voice)
        if found is None:
            known = ", ".join(sorted(self.checkpoint.voices))
            raise UnknownVoice(f"There is no voice {voice!r}. This checkpoint has: {known}.")
        laid = self.checkpoint.layout.lay(text, found, speed)
        if laid.frames > self.max_frames:
            raise TooLong.told(laid.frames - found.frames, self.max_frames - found.frames, self._frame_seconds)
        return Work(found, laid, seed, sampling or self.checkpoint.sampling)

    def prepare(self, work: Work) -> State:
        return State(work, self._sampler.begin(work.voice.mel, work.laid.tokens, work.frames, work.seed, work.sampling))

    def step(self, states: Sequence[State]) -> None:
        self._sampler.step([state.flow for state in states])

    def done(self, state: State) -> bool:
        return state.flow.done

    def finish(self, states: Sequence[State]) -> list[Sound | Exception]:
        """Turn what was generated into sound, in one batch of the vocoder, or into what failed in its place."""
        mels = [self._sampler.mel(state.flow) for state in states]
        # On a CPU a batch would only add padding.
        alone = self.checkpoint.device.type == "cpu"
        waves = [self.checkpoint.vocoder([mel])[0] for mel in mels] if alone else self.checkpoint.vocoder(mels)
        return [self._sound(*each) for each in zip(states, waves, strict=True)]

    def _sound(self, state: State, wave: torch.Tensor) -> Sound | Exception:
        raw = wave.cpu().numpy()
        if not np.isfinite(raw).all():
            return SpeechFailed("The model gave no finite sound for this passage. Send it with another seed or reword it.")
        # What would pass full scale is turned down whole: cut off, it would crackle.
        beyond = max(1.0, float(np.abs(raw).max(initial=0.0)) / state.work.voice.gain)
        samples = (raw / (state.work.voice.gain * beyond)).astype(np.float32)
        rate, ends = self.checkpoint.rate, state.work.laid.character_ends
        first, last = silence.trim(samples, rate)
        frames = state.work.frames - state.work.voice.frames
        shifted = self._shifted(ends, first / rate, (last - first) / rate)
        return Sound(samples[first:last].copy(), rate, shifted, frames, beyond)

    def _shifted(self, ends: Sequence[float] | None, start: float, length: float) -> tuple[float, ...] | None:
        """Frames as seconds of a sound that lasts from `start` for `length` seconds."""
        if ends is None:
            return None
        return tuple(min(max(end * self._frame_seconds - start, 0.0), length) for end in ends)

    @property
    def worked(self) -> tuple[int, int]:
        """Frames of passages that were stepped so far, and frames that were computed for it, gaps included."""
        return self._sampler.wanted_frames, self._sampler.computed_frames

    @property
    def _frame_seconds(self) -> float:
        return self.checkpoint.hop / self.checkpoint.rate

    def warm_up(self, most: int = 0) -> int:
        """Speak a short passage, so that the first request finds everything loaded.

        most: the operator's bound of a batch in frames, 0 for none. Returns the budget: what memory allows on a GPU, what
        keeps latency low on a CPU, and never above `most`.
        """
        voice = next(iter(self.checkpoint.voices.values()))
        work = self.plan(voice.text[:20], voice.name, 1.0, seed=0)
        self._speak([work], steps=1)
        if self.checkpoint.device.type != "cuda":
            return budget.on_cpu(most, torch.get_num_threads())
        # A lone row, which is a passage without guidance and without company, is compiled for itself.
        self._speak([dataclasses.replace(work, sampling=Sampling(cfg_strength=0.0))], steps=1)
        torch.cuda.empty_cache()
        return budget.on_gpu(most, torch.cuda.mem_get_info(self.checkpoint.device)[0], self._bytes_of_batch)

    def _speak(self, works: Sequence[Work], steps: int) -> None:
        """Prepare, some steps, vocoder."""
        states = [self.prepare(work) for work in works]
        for _ in range(steps):
            self.step(states)
        self.finish(states)

    def _bytes_of_batch(self, frames: int) -> int | None:
        """Bytes of GPU memory that a guided batch of so many frames takes at its peak, vocoder included; None: more than there
        are."""
        voice, device = next(iter(self.checkpoint.voices.values())), self.checkpoint.device
        length = max(min(frames // 2, self.max_frames), voice.frames + 1)
        laid = Laid(torch.zeros(length, dtype=torch.long), length, None)
        works = [Work(voice, laid, 0, Sampling())] * max(1, frames // length)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        try:
            self._speak(works, steps=2)
            return torch.cuda.max_memory_allocated(device) - before
        except torch.OutOfMemoryError:
            return None
        finally:
            torch.cuda.empty_cache()
