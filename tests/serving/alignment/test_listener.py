from __future__ import annotations

import pytest
import torch

from serving.alignment.listener import CHANNELS, Listener


@pytest.fixture
def listener() -> Listener:
    torch.manual_seed(0)
    return Listener(tokens=11, width=32, layers=5).eval()


def test_every_frame_has_a_distribution_over_the_tokens_and_none(listener: Listener) -> None:
    heard = listener(torch.randn(2, 30, CHANNELS))
    assert heard.shape == (2, 30, 12)
    assert torch.allclose(heard.exp().sum(-1), torch.ones(2, 30))


@torch.no_grad()
def test_what_is_heard_does_not_depend_on_padding_or_neighbours(listener: Listener) -> None:
    mels = [torch.randn(frames, CHANNELS) for frames in (40, 7, 23)]
    together = torch.full((3, 40, CHANNELS), 50.0)
    for row, mel in zip(together, mels, strict=True):
        row[: len(mel)] = mel
    heard = listener(together, torch.tensor([40, 7, 23]))
    for row, mel in zip(heard, mels, strict=True):
        assert torch.allclose(row[: len(mel)], listener(mel[None])[0], atol=1e-5)
    assert not torch.allclose(listener(together)[1, :7], heard[1, :7], atol=1e-2)


def test_weights_tell_the_shape(listener: Listener) -> None:
    other = Listener.shaped_like(listener.state_dict())
    other.load_state_dict(listener.state_dict())
    mel = torch.randn(1, 20, CHANNELS)
    assert torch.equal(other(mel), listener(mel))
    with pytest.raises(KeyError):
        Listener.shaped_like({"e.weight": torch.zeros(2, 2)})


def test_it_learns_to_hear_tones() -> None:
    """A few steps of CTC on three tones: a model that could not learn would stay at blanks."""
    torch.manual_seed(0)
    model = Listener(tokens=3, width=32, layers=2)
    optimiser = torch.optim.AdamW(model.parameters(), 5e-3)

    def spoken(tokens: torch.Tensor) -> torch.Tensor:
        mel = torch.full((len(tokens) * 8, CHANNELS), -9.0) + torch.randn(len(tokens) * 8, CHANNELS)
        for at, token in enumerate(tokens.tolist()):
            mel[at * 8 + 1 : at * 8 + 7, token * 30 : token * 30 + 10] += 9
        return mel

    for _ in range(120):
        tokens = torch.randint(3, (8, 6))
        heard = model(torch.stack([spoken(row) for row in tokens]))
        lengths = torch.full((8,), heard.shape[1]), torch.full((8,), 6)
        loss = torch.nn.functional.ctc_loss(heard.transpose(0, 1), tokens + 1, *lengths)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    said = torch.tensor([2, 0, 1, 0, 2])
    best = torch.unique_consecutive(model(spoken(said)[None])[0].argmax(-1))
    assert (best[best > 0] - 1).tolist() == said.tolist()
