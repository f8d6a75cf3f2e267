"""What phones share of the DiT's embedding."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from serving.pronunciation import inventory
from serving.upstream import DiT
from voices.training import dit, embedding
from voices.training.recipe import SIZES

SMALL = dataclasses.replace(SIZES["cpu"], dim=64, depth=1, text_dim=32)


@pytest.mark.parametrize(
    ("token", "sound", "mark"),
    [("ẵ", "ă", "\u0303"), ("ậ", "â", "\u0323"), ("ơ", "ơ", ""), ("đ", "đ", ""), ("/ˈæ/", "/æ/", "ˈ"), ("/æ/", "/æ/", "")],
)
def test_a_token_is_a_sound_and_a_mark(token: str, sound: str, mark: str) -> None:
    assert embedding.parts(token) == (sound, mark)


def test_vowels_share_their_letter_and_their_tone_and_nothing_else_shares() -> None:
    rows = dict(zip(["", *inventory()], embedding.Shared(inventory(), 8).rows, strict=True))
    assert rows["ẵ"] @ rows["ẵ"] == 2
    assert rows["ẵ"] @ rows["ỹ"] == 1, "the tone"
    assert rows["ẵ"] @ rows["ă"] == 1, "the letter"
    assert rows["ẵ"] @ rows["ó"] == 0
    assert rows["a"] @ rows["o"] == 1, "the level tone"
    assert rows["a"] @ rows["/æ/"] == 0
    assert rows["/ˈæ/"] @ rows["/ˈi/"] == 1
    for alone in ("", "b", "đ", "/b/", " ", "."):
        assert not rows[alone].any()


def test_what_is_served_is_upstreams_model_with_the_same_answers() -> None:
    torch.manual_seed(0)
    shared = dit.model(SMALL, inventory()).eval()
    for parameter in shared.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    plain = DiT(**dit.architecture(SMALL), mel_dim=100, text_num_embeds=len(inventory())).eval()
    plain.load_state_dict(embedding.served(shared.state_dict(), inventory()))
    mel, text = torch.randn(1, 40, 100), torch.randint(0, len(inventory()), (1, 40))
    asked = {"x": mel, "cond": torch.zeros_like(mel), "text": text, "time": torch.tensor([0.3])}
    with torch.inference_mode():
        assert torch.allclose(shared(**asked), plain(**asked), atol=1e-5)
        assert not torch.allclose(shared(**asked), plain(**asked | {"text": text.flip(1)}), atol=1e-2)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_what_is_served_is_put_together_in_the_type_of_the_weights(dtype: torch.dtype) -> None:
    shared = dit.model(SMALL, inventory())
    torch.nn.init.normal_(shared.text_embed.text_embed.parametrizations.weight[0].shared)
    whole = embedding.served(shared.state_dict(), inventory())[f"{embedding.TABLE}.weight"]
    weights = {name: value.to(dtype) for name, value in shared.state_dict().items()}
    table = embedding.served(weights, inventory())[f"{embedding.TABLE}.weight"]
    assert table.dtype == dtype
    torch.testing.assert_close(table.float(), whole, rtol=0.02, atol=0.05)


def test_weights_whose_phones_share_nothing_are_refused_in_words() -> None:
    plain = DiT(**dit.architecture(SMALL), mel_dim=100, text_num_embeds=len(inventory()))
    with pytest.raises(ValueError, match="share no part"):
        embedding.served(plain.state_dict(), inventory())


def test_a_rare_vowel_learns_its_tone_from_the_others() -> None:
    shared = dit.model(SMALL, inventory())
    before = embedding.served(shared.state_dict(), inventory())[f"{embedding.TABLE}.weight"]
    optimiser = torch.optim.SGD(shared.parameters(), 1.0)
    shared.text_embed.text_embed(torch.tensor([inventory().index("ã") + 1])).sum().backward()
    optimiser.step()
    moved = (embedding.served(shared.state_dict(), inventory())[f"{embedding.TABLE}.weight"] - before).abs().sum(1)
    by_token = dict(zip(["", *inventory()], moved.tolist(), strict=True))
    assert by_token["ã"] > by_token["ẵ"] > 0
    assert by_token["ẵ"] == by_token["á"]
    assert by_token["b"] == by_token["ô"] == 0
