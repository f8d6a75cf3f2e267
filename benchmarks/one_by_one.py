"""Upstream's way on the same device: one passage after the other through `CFM.sample`, then the vocoder.

Where f5-tts is installed it is f5-tts itself; elsewhere benchmarks/eager.py, which does the same operation by operation.
In float16 on a GPU, as upstream's loader has it, and float32 elsewhere; the vocoder in float32.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import torch

from benchmarks import bare, flops, load
from benchmarks.eager import Eager
from serving.engine import Work
from serving.model.flow import Sampling
from serving.model.vocos import Vocos

Sample = Callable[[Work], torch.Tensor]


def measure(
    model: bare.Model, tensors: dict[str, torch.Tensor], device: torch.device, steps: int, seconds: float
) -> dict[str, Any]:
    """Speak passages of the mixed lengths for about `seconds`, after half as long to warm up."""
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    kind, sample = _upstream(model, tensors, device, dtype)
    speaking = bare.engine(model, tensors, device, torch.float32)
    works = bare.works(speaking, model, Sampling(steps=steps))
    ask = _asking(sample, speaking.checkpoint.vocoder)
    _for(seconds / 2, ask, works)
    answers = _for(seconds, ask, works)
    latencies = [answer.latency for answer in answers]
    return {
        "kind": kind,
        "dtype": str(dtype).removeprefix("torch."),
        "steps": steps,
        "passages": len(answers),
        "times_real_time": round(sum(answer.sound for answer in answers) / sum(latencies), 2),
        "latency_p50": round(load.percentile(latencies, 0.5), 4),
        "latency_p95": round(load.percentile(latencies, 0.95), 4),
    }


def _for(seconds: float, ask: Callable[[Work], float], works: Iterator[Work]) -> list[load.Answer]:
    answers: list[load.Answer] = []
    while not answers or answers[-1].got - answers[0].asked < seconds:
        answers.append(load.timed(ask, next(works)))
    return answers


def _asking(sample: Sample, vocoder: Vocos) -> Callable[[Work], float]:
    def ask(work: Work) -> float:
        """Seconds of sound, once they are on the processor's side."""
        mel = sample(work)[work.voice.frames :].float()
        vocoder([mel])[0].cpu()
        return len(mel) / flops.FRAMES_PER_SECOND

    return ask


def _upstream(
    model: bare.Model, tensors: dict[str, torch.Tensor], device: torch.device, dtype: torch.dtype
) -> tuple[str, Sample]:
    if importlib.util.find_spec("f5_tts") is not None:
        return "CFM.sample of f5-tts", _of_f5_tts(model, tensors, device, dtype)
    eager = Eager(model.shape, tensors, device, dtype)

    def sample(work: Work) -> torch.Tensor:
        noise = torch.randn(work.frames, model.shape.mel_dim, device=device, dtype=dtype)
        return eager.sample(work.voice.mel, work.laid.tokens, noise, work.sampling)

    return "a loop that does what CFM.sample does (f5-tts is not installed)", sample


def _of_f5_tts(model: bare.Model, tensors: dict[str, torch.Tensor], device: torch.device, dtype: torch.dtype) -> Sample:
    from benchmarks.weights import ARCH
    from serving import torchaudio_guard

    torchaudio_guard.install()
    from f5_tts.model import CFM, DiT

    arch = {name: getattr(model.shape, name) for name in ARCH}
    transformer = DiT(**arch, mel_dim=model.shape.mel_dim, text_num_embeds=model.shape.text_num_embeds)
    transformer.load_state_dict({**tensors, "rotary_embed.inv_freq": transformer.rotary_embed.inv_freq})
    cfm = CFM(transformer=transformer).to(dtype).to(device).eval()

    @torch.inference_mode()
    def sample(work: Work) -> torch.Tensor:
        mel, _ = cfm.sample(
            work.voice.mel[None],
            work.laid.tokens[None].to(device),
            work.frames,
            steps=work.sampling.steps,
            cfg_strength=work.sampling.cfg_strength,
            sway_sampling_coef=work.sampling.sway_sampling_coef,
        )
        return mel[0]

    return sample
