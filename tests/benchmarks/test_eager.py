from __future__ import annotations

import pytest
import torch

from benchmarks import weights
from benchmarks.eager import Eager
from serving.model.flow import Sampling
from serving.model.shape import Shape


@pytest.mark.parametrize("steps", [4, 7])
def test_the_plain_loop_does_what_upstream_does(steps: int) -> None:
    from serving.upstream import CFM, DiT

    shape, frames = weights.TINY, 160
    tensors = weights.model(shape, seed=5)
    arch = {name: getattr(shape, name) for name in weights.ARCH}
    transformer = DiT(**arch, mel_dim=shape.mel_dim, text_num_embeds=shape.text_num_embeds)
    transformer.load_state_dict({**tensors, "rotary_embed.inv_freq": transformer.rotary_embed.inv_freq})
    reference, tokens = torch.randn(60, 100), torch.randint(0, 90, (40,))
    with torch.inference_mode():
        wanted, _ = CFM(transformer=transformer).sample(
            reference[None], tokens[None], frames, steps=steps, cfg_strength=2.0, sway_sampling_coef=-1.0, seed=3
        )
    torch.manual_seed(3)
    got = Eager(shape, tensors, torch.device("cpu"), torch.float32).sample(
        reference, tokens, torch.randn(frames, 100), Sampling(steps=steps)
    )
    assert torch.allclose(got, wanted[0], atol=1e-5)


def test_random_weights_keep_the_signal_alive_through_all_layers() -> None:
    shape = Shape(dim=128, depth=12, heads=2, ff_mult=2, text_num_embeds=96, text_dim=32, conv_layers=2)
    eager = Eager(shape, weights.model(shape), torch.device("cpu"), torch.float32)
    mel = eager.sample(torch.randn(30, 100), torch.arange(20), torch.randn(100, 100), Sampling(steps=4))
    assert torch.isfinite(mel).all()
    assert 0.1 < mel[30:].std() < 10
