"""Flow matching, one ODE step at a time, for requests that are at different times.

The numbers are those of upstream's `CFM.sample` with the Euler method (F5-TTS, arXiv 2410.06885: classifier-free guidance
and sway sampling; EPSS time steps for few steps). What differs is who holds the state: every request has its own noise,
schedule and step index, so requests join and leave a running batch between any two steps. Text is embedded once a
request and alone, since upstream's text embedding normalises over the padded length and so depends on its neighbours.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from serving.checkpoint import Sampling
from serving.upstream import DiT, get_epss_timesteps

#: Positions that upstream's text embedding knows; about 87 s at 24 kHz and hop 256.
MAX_FRAMES = 8192
#: Guidance below this is none, as upstream has it.
NO_GUIDANCE = 1e-5


@dataclasses.dataclass
class Flow:
    """One request on its way from noise to mel. All tensors are on the model's device.

    x, cond: float32 [frames, channels]; cond is the reference, zeros after it. text, no_text: [frames, text_dim], the text
    embedded and left out. times: float32 [steps + 1] on the CPU. index: steps taken. reference: frames of the reference.
    """

    x: torch.Tensor
    cond: torch.Tensor
    text: torch.Tensor
    no_text: torch.Tensor
    times: torch.Tensor
    reference: int
    index: int = 0

    @property
    def frames(self) -> int:
        return self.x.shape[0]

    @property
    def done(self) -> bool:
        return self.index >= len(self.times) - 1


def schedule(sampling: Sampling) -> torch.Tensor:
    """Times from 0 to 1, float32 [steps + 1]: upstream's pruned steps where it has some, swayed towards the beginning."""
    times = get_epss_timesteps(sampling.steps, device="cpu", dtype=torch.float32)
    if sampling.sway_sampling_coef is not None:
        times = times + sampling.sway_sampling_coef * (torch.cos(torch.pi / 2 * times) - 1 + times)
    return times


class Sampler:
    """Steps flows through a DiT. Not safe in threads: one thread owns it."""

    def __init__(self, transformer: DiT, sampling: Sampling, device: torch.device, padded: bool | None = None) -> None:
        """padded: whether a batch is one padded tensor or each flow for itself; by default as suits the device."""
        self._transformer = transformer
        self._padded = device.type != "cpu" if padded is None else padded
        self._threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(self._threads, "flow")
        self._guidance = sampling.cfg_strength
        self._times = schedule(sampling)
        self._device = device

    @torch.inference_mode()
    def begin(self, reference: torch.Tensor, tokens: torch.Tensor, frames: int, seed: int) -> Flow:
        """reference: mel [n, channels] on the device; tokens: integers [m]; frames: of reference and speech together.

        The noise comes from the request's own generator on the CPU, so it is the same on every device and in every batch.
        """
        noise = torch.randn(frames, reference.shape[1], generator=torch.Generator().manual_seed(seed))
        row = tokens[None].to(self._device)
        embed = self._transformer.text_embed
        with self._precision():
            text, no_text = (embed(row, seq_len=frames, drop_text=drop)[0].float() for drop in (False, True))
        cond = functional.pad(reference, (0, 0, 0, frames - reference.shape[0]))
        return Flow(noise.to(self._device), cond, text, no_text, self._times, reference.shape[0])

    @torch.inference_mode()
    def step(self, flows: Sequence[Flow]) -> None:
        """Take one Euler step for each flow, whatever time it is at. Either all of them move on or, on an error, none."""
        velocities = self._velocities(flows) if self._padded else self._each_alone(flows)
        for flow, velocity in zip(flows, velocities, strict=True):
            now, following = flow.times[flow.index], flow.times[flow.index + 1]
            flow.x = flow.x + float(following - now) * velocity
            flow.index += 1

    @torch.inference_mode()
    def mel(self, flow: Flow) -> torch.Tensor:
        """What was generated, float32 [frames - reference, channels]."""
        return flow.x[flow.reference :]

    def cost(self, frames: Sequence[int]) -> int:
        """What a step of flows this long works on, in frames: with padding, each counts as long as the longest."""
        return max(frames) * len(frames) if self._padded else sum(frames)

    def _precision(self) -> contextlib.AbstractContextManager:
        """Half precision for the matrix products on a GPU; times, noise and the state of the ODE stay float32."""
        if self._device.type == "cuda":
            return torch.autocast("cuda", dtype=torch.float16)
        return contextlib.nullcontext()

    def _each_alone(self, flows: Sequence[Flow]) -> list[torch.Tensor]:
        """The velocities without padding, the cores shared out between the flows.

        A processor is full with one passage already: padding and masks only add work to it (measured: a padded batch of
        four took 1.5 times as long as the four in turn), while passages side by side leave no core waiting for another.
        """
        side_by_side = min(self._threads, len(flows))
        if side_by_side == 1:
            return [velocity for flow in flows for velocity in self._velocities([flow])]

        def velocity(flow: Flow) -> torch.Tensor:
            torch.set_num_threads(self._threads // side_by_side)
            with torch.inference_mode():  # a thread has its own mode
                return self._velocities([flow])[0]

        try:
            return list(self._pool.map(velocity, flows))
        finally:
            torch.set_num_threads(self._threads)

    def _velocities(self, flows: Sequence[Flow]) -> list[torch.Tensor]:
        """The guided velocity at each flow's own time: a list of [frames, channels], as long as each flow is."""
        guided = self._guidance >= NO_GUIDANCE
        x, cond = _padded([flow.x for flow in flows]), _padded([flow.cond for flow in flows])
        text = _padded([flow.text for flow in flows])
        time = torch.stack([flow.times[flow.index] for flow in flows]).to(self._device)
        lengths = torch.tensor([flow.frames for flow in flows], device=self._device)
        mask = None
        if len({flow.frames for flow in flows}) > 1:
            mask = torch.arange(x.shape[1], device=self._device)[None] < lengths[:, None]
        if guided:
            x, cond = torch.cat([x, x]), torch.cat([cond, torch.zeros_like(cond)])
            text = torch.cat([text, _padded([flow.no_text for flow in flows])])
            time = torch.cat([time, time])
            mask = torch.cat([mask, mask]) if mask is not None else None
        with self._precision():
            predicted = self._predict(x, cond, text, time, mask).float()
        if guided:
            with_text, without = predicted.chunk(2)
            predicted = with_text + (with_text - without) * self._guidance
        return [row[: flow.frames] for row, flow in zip(predicted, flows, strict=True)]

    def _predict(
        self, x: torch.Tensor, cond: torch.Tensor, text: torch.Tensor, time: torch.Tensor, mask: torch.Tensor | None
    ) -> torch.Tensor:
        """DiT's forward pass on text that is embedded already. x, cond: [b, n, channels]; time: [b]; mask: [b, n] or None."""
        model = self._transformer
        modulation = model.time_embed(time)
        hidden = model.input_embed(x, cond, text, audio_mask=mask)
        first = hidden
        rope = model.rotary_embed.forward_from_seq_len(hidden.shape[1])
        for block in model.transformer_blocks:
            hidden = block(hidden, modulation, mask=mask, rope=rope)
        if model.long_skip_connection is not None:
            hidden = model.long_skip_connection(torch.cat([hidden, first], dim=-1))
        return model.proj_out(model.norm_out(hidden, modulation))


def _padded(tensors: list[torch.Tensor]) -> torch.Tensor:
    return pad_sequence(tensors, batch_first=True)
