"""Flow matching, one ODE step at a time, for requests that are at different times.

The numbers are those of upstream's `CFM.sample` with the Euler method (F5-TTS, arXiv 2410.06885: classifier-free guidance
and sway sampling; EPSS, arXiv 2505.19931: pruned times for few steps). What differs is who holds the state: every request
has its own noise, schedule, guidance and step index, so requests join and leave a running batch between any two steps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from serving.model.dit import DiT
from serving.model.packing import Packing
from serving.model.text import MAX_FRAMES

__all__ = ["MAX_FRAMES", "Flow", "Sampler", "Sampling", "schedule"]

#: Guidance below this is none, as upstream has it.
NO_GUIDANCE = 1e-5
#: Pruned schedules by their number of steps, in parts of PARTS: early times decide most, so they lie closest.
PARTS = 32
PRUNED = {
    5: (0, 2, 4, 8, 16, 32),
    6: (0, 2, 4, 6, 8, 16, 32),
    7: (0, 2, 4, 6, 8, 16, 24, 32),
    10: (0, 2, 4, 6, 8, *range(12, 33, 4)),
    12: (*range(0, 17, 2), 20, 24, 28, 32),
    16: (*range(9), *range(10, 17, 2), 20, 24, 28, 32),
}


@dataclasses.dataclass(frozen=True)
class Sampling:
    """How to solve the flow: number of steps (NFE), strength of guidance, and sway (-1..1; None: uniform time)."""

    steps: int = 32
    cfg_strength: float = 2.0
    sway_sampling_coef: float | None = -1.0

    @property
    def guided(self) -> bool:
        return self.cfg_strength >= NO_GUIDANCE

    @property
    def evaluations(self) -> int:
        """How many times the model is asked for a passage: twice a step where it is guided."""
        return self.steps * (2 if self.guided else 1)


@dataclasses.dataclass
class Flow:
    """One request on its way from noise to mel. All tensors are float32, and but for `times` on the model's device.

    x: [frames, channels]. guided, unguided: what the input layer makes of reference and text, and of neither (None without
    guidance), [frames, dim]. times: steps + 1 points from 0 to 1, on the CPU. reference: frames of the reference. index:
    steps taken.
    """

    x: torch.Tensor
    guided: torch.Tensor
    unguided: torch.Tensor | None
    times: torch.Tensor
    strength: float
    reference: int
    index: int = 0

    @property
    def frames(self) -> int:
        return self.x.shape[0]

    @property
    def time(self) -> float:
        return float(self.times[self.index])

    @property
    def done(self) -> bool:
        return self.index >= len(self.times) - 1


def schedule(sampling: Sampling) -> torch.Tensor:
    """Times from 0 to 1, float32 [steps + 1]: the pruned ones where there are some, swayed towards the beginning."""
    if sampling.steps in PRUNED:
        times = torch.tensor(PRUNED[sampling.steps], dtype=torch.float32) / PARTS
    else:
        times = torch.linspace(0, 1, sampling.steps + 1)
    if sampling.sway_sampling_coef is not None:
        times = times + sampling.sway_sampling_coef * (torch.cos(torch.pi / 2 * times) - 1 + times)
    return times


class Sampler:
    """Steps flows through a DiT. Not safe in threads: one thread owns it."""

    def __init__(self, dit: DiT, packed: bool | None = None) -> None:
        """packed: whether a batch is one packed tensor or each row for itself; by default as suits the device."""
        self._dit = dit
        self._packed = dit.device.type != "cpu" if packed is None else packed
        self._threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(self._threads, "flow")
        self._under_way: torch.cuda.Event | None = None
        #: Frames that belong to a passage, and frames that were worked on, gaps between passages included.
        self.wanted_frames, self.computed_frames = 0, 0

    @torch.inference_mode()
    def begin(self, reference: torch.Tensor, tokens: torch.Tensor, frames: int, seed: int, sampling: Sampling) -> Flow:
        """reference: mel [n, channels] on the device; tokens: integers [m]; frames: of reference and speech together.

        The noise comes from the request's own generator on the CPU, so it is the same on every device and in every batch.
        """
        noise = torch.randn(frames, reference.shape[1], generator=torch.Generator().manual_seed(seed))
        return Flow(
            x=noise.to(self._dit.device),
            guided=self._dit.fixed(reference, tokens, frames, dropped=False),
            unguided=self._dit.fixed(reference, tokens, frames, dropped=True) if sampling.guided else None,
            times=schedule(sampling),
            strength=sampling.cfg_strength,
            reference=reference.shape[0],
        )

    @torch.inference_mode()
    def step(self, flows: Sequence[Flow]) -> None:
        """Take one Euler step for each flow, whatever time it is at. Either all of them move on or, on an error, none."""
        self._wait_for_the_step_before()
        rows = [(flow, fixed) for flow in flows for fixed in (flow.guided, flow.unguided) if fixed is not None]
        projected = {id(flow): self._dit.project(flow.x) for flow in flows}
        hidden = [projected[id(flow)] + fixed for flow, fixed in rows]
        times = [flow.time for flow, _ in rows]
        velocities = iter(self._together(hidden, times) if self._packed else self._side_by_side(hidden, times))
        moved = [
            flow.x + float(flow.times[flow.index + 1] - flow.times[flow.index]) * _guided(flow, velocities) for flow in flows
        ]
        for flow, x in zip(flows, moved, strict=True):
            flow.x = x
            flow.index += 1

    @torch.inference_mode()
    def mel(self, flow: Flow) -> torch.Tensor:
        """What was generated, float32 [frames - reference, channels]."""
        return flow.x[flow.reference :]

    def _together(self, hidden: list[torch.Tensor], times: list[float]) -> Sequence[torch.Tensor]:
        packing = Packing([len(row) for row in hidden], self._dit.device)
        self._count(packing.frames, packing.spread_frames)
        predicted = self._dit.velocity(torch.cat(hidden), self._dit.modulate(times), packing)
        return predicted.split(packing.lengths)

    def _side_by_side(self, hidden: list[torch.Tensor], times: list[float]) -> Sequence[torch.Tensor]:
        """Each row alone, the cores shared out between rows.

        A core is full with one row already, and rows that share nothing leave no core waiting for another at every product:
        the two rows of a guided passage alone take half the time on two cores, the products of one row split between them
        do not. Longest first, so that the last to end is a short one.
        """
        self._count(sum(map(len, hidden)), sum(map(len, hidden)))
        changes = [self._dit.modulate([time]) for time in times]
        at_once = min(self._threads, len(hidden))

        @torch.inference_mode()  # a thread has its own mode
        def velocity(row: int) -> torch.Tensor:
            torch.set_num_threads(self._threads // at_once)
            return self._dit.velocity(hidden[row], changes[row], Packing([len(hidden[row])], self._dit.device))

        longest_first = sorted(range(len(hidden)), key=lambda row: -len(hidden[row]))
        try:
            found = dict(zip(longest_first, self._pool.map(velocity, longest_first), strict=True))
        finally:
            # What a thread sets for itself is also what threads begin with that are new to torch: all cores, for the vocoder.
            torch.set_num_threads(self._threads)
        return [found[row] for row in range(len(hidden))]

    def _wait_for_the_step_before(self) -> None:
        """A GPU is given its work ahead, but only by one step: so passages join and leave at the next step, not later."""
        if self._dit.device.type != "cuda":
            return
        if self._under_way is not None:
            self._under_way.synchronize()
        self._under_way = torch.cuda.Event()
        self._under_way.record(torch.cuda.current_stream(self._dit.device))

    def _count(self, wanted: int, computed: int) -> None:
        self.wanted_frames += wanted
        self.computed_frames += computed


def _guided(flow: Flow, velocities: Iterator[torch.Tensor]) -> torch.Tensor:
    """Classifier-free guidance (arXiv 2207.12598) from the flow's one or two velocities, which come next."""
    with_text = next(velocities)
    if flow.unguided is None:
        return with_text
    return with_text + (with_text - next(velocities)) * flow.strength
