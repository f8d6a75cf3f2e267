"""The bundled CTC aligner, used as a listener: mel spectrogram -> the characters it hears."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional


class Listener(nn.Module):
    """Depthwise convolutions over mel frames; class 0 is the blank, class n + 1 the token n. Names are the file's."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        tensors = {name: value.float() for name, value in load_file(path).items()}
        width, channels, kernel = tensors["inp.weight"].shape
        self.inp = nn.Conv1d(channels, width, kernel, padding=kernel // 2)
        self.bl = nn.ModuleList(
            nn.ModuleList(
                [
                    nn.Conv1d(width, width, 9, padding=4 * dilation, dilation=dilation, groups=width),
                    nn.LayerNorm(width),
                    nn.Linear(width, 2 * width),
                    nn.Linear(2 * width, width),
                ]
            )
            for dilation in (1, 1, 2, 2, 1, 1)
        )
        self.out = nn.Linear(width, tensors["out.weight"].shape[0])
        self.load_state_dict(tensors)

    @torch.inference_mode()
    def hear(self, mel: torch.Tensor, vocabulary: list[str]) -> str:
        """mel: [frames, channels] -> text, by the best class of each frame."""
        hidden = self.inp((mel.T[None] + 3) / 3)
        for convolution, norm, wide, narrow in self.bl:  # type: ignore[misc]
            hidden = hidden + narrow(functional.gelu(wide(norm(convolution(hidden).transpose(1, 2))))).transpose(1, 2)
        best = self.out(hidden.transpose(1, 2))[0].argmax(-1)
        return "".join(vocabulary[token - 1] for token in torch.unique_consecutive(best).tolist() if token)


def error_rate(heard: str, said: str) -> float:
    """Character error rate: edits (Levenshtein) by the length of what was said."""
    row = list(range(len(said) + 1))
    for i, character in enumerate(heard, 1):
        before, row[0] = row[0], i
        for j, wanted in enumerate(said, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (character != wanted))
    return row[-1] / len(said)
