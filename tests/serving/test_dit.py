"""Our forward pass beside upstream's, on random weights of every architecture that is published."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import pytest
import torch

from serving.model.compiling import fused
from serving.model.dit import DiT
from serving.model.mel import Mel
from serving.model.packing import Packing
from serving.model.shape import Shape, sizes
from serving.model.vocos import Vocos, VocosShape
from serving.model.vocos import sizes as vocos_sizes
from serving.upstream import CFM, ISTFTHead, VocosBackbone
from serving.upstream import DiT as UpstreamDiT

CPU = torch.device("cpu")
FRAMES, REFERENCE, TIME = 150, 40, 0.37
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "v1": {},
    "v0": {"pe_attn_head": 1, "text_mask_padding": False},
    "normalised queries": {"qk_norm": "rms_norm"},
    "normalised queries, one head with positions": {"qk_norm": "rms_norm", "pe_attn_head": 1},
    "long skip": {"long_skip_connection": True},
    "average upsampling": {"text_embedding_average_upsampling": True},
    "no text encoder": {"conv_layers": 0},
}


@dataclasses.dataclass
class Pair:
    ours: DiT
    upstream: UpstreamDiT


def pair(dtype: torch.dtype = torch.float32, fuse: bool = False, **architecture: Any) -> Pair:
    """Both sides with the same random weights."""
    torch.manual_seed(0)
    sizes_of = {"dim": 128, "depth": 3, "heads": 2, "ff_mult": 2, "text_num_embeds": 50, "text_dim": 64, "conv_layers": 2}
    shape = Shape(**{**sizes_of, **architecture})
    upstream = UpstreamDiT(**dataclasses.asdict(shape)).eval()
    for parameter in upstream.parameters():
        torch.nn.init.normal_(parameter, std=0.08)
    return Pair(DiT(shape, upstream.state_dict(), CPU, dtype, fuse), upstream)


@pytest.fixture
def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The state of the ODE, a reference's mel, and tokens."""
    random = torch.Generator().manual_seed(1)
    return (
        torch.randn(FRAMES, 100, generator=random),
        torch.randn(REFERENCE, 100, generator=random),
        torch.randint(0, 50, (60,), generator=random),
    )


@torch.inference_mode()
def expected(upstream: UpstreamDiT, x: torch.Tensor, reference: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Upstream's velocities with and without text and reference, [2, frames, channels]."""
    cond = torch.zeros(1, len(x), 100)
    cond[0, : len(reference)] = reference
    return upstream(x[None], cond, tokens[None], torch.tensor(TIME), cfg_infer=True, cache=False)


def rows(ours: DiT, x: torch.Tensor, reference: torch.Tensor, tokens: torch.Tensor) -> list[torch.Tensor]:
    return [ours.project(x) + ours.fixed(reference, tokens, len(x), dropped=dropped) for dropped in (False, True)]


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES.keys())
def test_a_row_alone_has_upstreams_numbers(architecture: dict[str, Any], inputs: tuple) -> None:
    both = pair(**architecture)
    for row, wanted in zip(rows(both.ours, *inputs), expected(both.upstream, *inputs), strict=True):
        velocity = both.ours.velocity(row, both.ours.modulate([TIME]), Packing([FRAMES], CPU))
        torch.testing.assert_close(velocity, wanted, atol=1e-4, rtol=0)
        assert wanted.abs().max() > 1, "the numbers compared are large enough to differ"


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES.keys())
def test_packed_rows_at_different_times_have_the_numbers_of_each_alone(architecture: dict[str, Any], inputs: tuple) -> None:
    ours = pair(**architecture).ours
    with_text, without = rows(ours, *inputs)
    packed = [with_text[:77], without, with_text, without[:20]]
    times = [0.1, TIME, 0.9, TIME]
    lengths = [len(row) for row in packed]
    together = ours.velocity(torch.cat(packed), ours.modulate(times), Packing(lengths, CPU)).split(lengths)
    for row, time, velocity in zip(packed, times, together, strict=True):
        alone = ours.velocity(row, ours.modulate([time]), Packing([len(row)], CPU))
        torch.testing.assert_close(velocity, alone, atol=1e-5, rtol=1e-5)


def test_fused_layers_have_the_same_numbers_and_are_traced_once_for_batches_of_all_sizes_and_once_for_lone_rows(
    inputs: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Traced as on a GPU, but without the code that is generated there: that takes a compiler, and a minute here.
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager"))
    ours, plain = pair(fuse=True).ours, pair().ours
    hidden = torch.randn(400, 128, generator=torch.Generator().manual_seed(4))
    torch._dynamo.utils.counters.clear()
    for lengths in ([100, 50], [77], [30, 40, 70], [200, 100, 60, 40], [7, 8], [99], [40] * 10):
        packing = Packing(lengths, CPU)
        times = [0.1 * (row % 3) for row in range(len(lengths))]
        velocities = [model.velocity(hidden[: sum(lengths)], model.modulate(times), packing) for model in (ours, plain)]
        torch.testing.assert_close(*velocities, atol=1e-4, rtol=1e-4)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 2 * 2, "before attention and after it"


def test_where_layers_cannot_be_fused_they_run_unfused_and_say_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("there is no Triton here")

    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=broken))
    call = fused(torch.nn.functional.mish)
    with caplog.at_level("WARNING", logger="serving.model.compiling"):
        assert [round(float(call(torch.tensor(1.0))), 3) for _ in range(3)] == [0.865] * 3
    [line] = [record for record in caplog.records if record.name == "serving.model.compiling"]
    assert "no Triton" in line.error


def test_half_precision_stays_near_float32(inputs: tuple) -> None:
    exact, half = pair(), pair(torch.bfloat16)
    for row, wanted in zip(rows(half.ours, *inputs), expected(exact.upstream, *inputs), strict=True):
        velocity = half.ours.velocity(row, half.ours.modulate([TIME]), Packing([FRAMES], CPU))
        assert velocity.dtype == torch.float32
        assert (velocity - wanted).norm() < 0.02 * wanted.norm()


def test_long_rows_are_attended_in_pieces_that_make_no_difference() -> None:
    half = pair(torch.bfloat16).ours
    hidden = torch.randn(1500, 128, generator=torch.Generator().manual_seed(2))
    whole = half.velocity(hidden, half.modulate([TIME]), Packing([1500], CPU))
    exact = pair().ours
    wanted = exact.velocity(hidden, exact.modulate([TIME]), Packing([1500], CPU))
    assert (whole - wanted).norm() < 0.02 * wanted.norm()


def test_a_time_is_computed_once_and_long_unused_ones_are_forgotten() -> None:
    ours = pair().ours
    assert ours.modulate([TIME]) is ours.modulate([TIME])
    first = ours.modulate([0.0])
    for step in range(1, 300):
        ours.modulate([step / 300])
    assert ours.modulate([0.0]) is not first
    torch.testing.assert_close(ours.modulate([0.0]).layers, first.layers)


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES.keys())
def test_the_sizes_are_those_of_upstreams_tensors(architecture: dict[str, Any]) -> None:
    both = pair(**architecture)
    theirs = {name: tuple(value.shape) for name, value in both.upstream.state_dict().items() if "inv_freq" not in name}
    assert theirs == sizes(both.ours.shape)


@pytest.mark.parametrize("padding", ["center", "same"])
def test_the_vocoder_has_upstreams_numbers_alone_and_in_a_batch(padding: str) -> None:
    torch.manual_seed(0)
    upstream = torch.nn.ModuleDict({"backbone": VocosBackbone(100, 64, 128, 3), "head": ISTFTHead(64, 1024, 256, padding)})
    for parameter in upstream.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    shape = VocosShape(
        input_channels=100, dim=64, intermediate_dim=128, num_layers=3, n_fft=1024, hop_length=256, padding=padding
    )
    tensors = {name: value for name, value in upstream.state_dict().items() if "window" not in name}
    assert {name: tuple(value.shape) for name, value in tensors.items()} == vocos_sizes(shape)
    ours = Vocos(shape, tensors, CPU)
    mels = [torch.randn(frames, 100) for frames in (50, 120, 81)]
    with torch.inference_mode():
        wanted = [upstream["head"](upstream["backbone"](mel.T[None]))[0] for mel in mels]
    for mel, together, wave in zip(mels, ours(mels), wanted, strict=True):
        assert wave.abs().max() > 0.05
        torch.testing.assert_close(ours([mel])[0], wave, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(together, wave, atol=1e-5, rtol=1e-4)


def test_a_vocoder_makes_silence_of_a_single_frame() -> None:
    shape = VocosShape(input_channels=100, dim=8, intermediate_dim=8, num_layers=1, n_fft=1024, hop_length=256)
    ours = Vocos(shape, {name: torch.ones(size) for name, size in vocos_sizes(shape).items()}, CPU)
    [wave] = ours([torch.ones(1, 100)])
    assert torch.equal(wave, torch.zeros(256))


def test_the_mel_spectrogram_has_upstreams_numbers() -> None:
    samples = 0.1 * torch.randn(2, 30_000, generator=torch.Generator().manual_seed(3))
    upstream = CFM(transformer=pair().upstream).mel_spec(samples)
    torch.testing.assert_close(Mel()(samples), upstream, atol=1e-5, rtol=1e-5)
