"""Phones that are alike share a part of what the DiT learns about them: a letter with its tones, a tone with its letters.

Each Vietnamese vowel with a tone is a token of its own and some are rare (ẵ, ỵ), but their tones are not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import torch
from torch import nn
from torch.nn.utils import parametrize

from serving.upstream import DiT

#: Combining grave, acute, tilde, hook above and dot below.
TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
STRESSES = "ˈˌ"
#: The embedding of upstream's DiT, and what becomes of the name of its weights where a part is shared.
TABLE = "text_embed.text_embed"
OWN, SHARED = f"{TABLE}.parametrizations.weight.original", f"{TABLE}.parametrizations.weight.0.shared"


def parts(token: str) -> tuple[str, str]:
    """The sound of a token and its mark: of a Vietnamese vowel its tone, of an English one (`/ˈæ/`) its stress, else ""."""
    if token.startswith("/"):
        return token.translate(dict.fromkeys(map(ord, STRESSES))), "".join(letter for letter in token if letter in STRESSES)
    letters = unicodedata.normalize("NFD", token)
    mark = "".join(letter for letter in letters if letter in TONES)
    return unicodedata.normalize("NFC", "".join(letter for letter in letters if letter not in TONES)), mark


class Shared(nn.Module):
    """Adds to each row of an embedding what its token shares with others: a row of its sound and one of its mark.

    Row 0 of the embedding is the filler's (upstream), which shares nothing.
    """

    rows: torch.Tensor

    def __init__(self, tokens: list[str], width: int) -> None:
        super().__init__()
        both = [parts(token) for token in tokens]
        vowels = {sound for sound, mark in both if mark}
        # A vowel without a mark shares that with the others of its language: the level tone is a tone too.
        shared = [(sound, (sound[0] == "/", mark)) if sound in vowels else () for sound, mark in both]
        places = {name: number for number, name in enumerate(dict.fromkeys(name for each in shared for name in each))}
        rows = torch.zeros(len(tokens) + 1, len(places))
        for number, each in enumerate(shared, start=1):
            rows[number, [places[name] for name in each]] = 1.0
        self.register_buffer("rows", rows, persistent=False)
        self.shared = nn.Parameter(torch.zeros(len(places), width))

    def forward(self, own: torch.Tensor) -> torch.Tensor:
        """own: float32 [tokens + 1, width], what each token has for itself."""
        return own + self.rows @ self.shared


def share(dit: DiT, tokens: list[str]) -> None:
    """Let the tokens of an untrained or published model share parts of its embedding from now on; what it speaks stays."""
    embedding = dit.text_embed.text_embed
    parametrize.register_parametrization(embedding, "weight", Shared(tokens, embedding.embedding_dim))


def served(weights: Mapping[str, torch.Tensor], tokens: list[str]) -> dict[str, torch.Tensor]:
    """The weights of a DiT whose tokens share, as upstream's DiT has them: each row of its embedding is put together.

    Raises ValueError where they are of one whose tokens share nothing.
    """
    if OWN not in weights or SHARED not in weights:
        raise ValueError("its phones share no part of what is learnt about them")
    kept = dict(weights)
    own, shared = kept.pop(OWN), kept.pop(SHARED)
    table = own + Shared(tokens, own.shape[1]).rows.to(own) @ shared
    return kept | {f"{TABLE}.weight": table}
