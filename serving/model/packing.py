"""Rows of different lengths laid one after the other, so that nothing is computed for padding."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch

from serving.model.shape import POSITION_KERNEL

#: Zeros between two rows in the convolutions over positions: what one of them sees to either side.
GAP = POSITION_KERNEL // 2


class Packing:
    """Where the rows lie in a packed tensor [frames, ...]. A lone row, as on a CPU, needs no bookkeeping at all."""

    def __init__(self, lengths: Sequence[int], device: torch.device) -> None:
        """lengths: frames of each row, at least one row."""
        self.lengths = tuple(lengths)
        self.device = device
        self.longest = max(lengths)
        self.frames = sum(lengths)

    @property
    def alone(self) -> bool:
        return len(self.lengths) == 1

    @functools.cached_property
    def _lengths(self) -> torch.Tensor:
        # Pinned memory is copied without waiting for what the GPU has yet to do.
        lengths = torch.tensor(self.lengths, pin_memory=self.device.type == "cuda")
        return lengths.to(self.device, non_blocking=True)

    @functools.cached_property
    def ends(self) -> torch.Tensor:
        """Where rows begin and end, int32 [rows + 1], as variable-length attention wants it."""
        return torch.nn.functional.pad(self._lengths.cumsum(0), (1, 0)).to(torch.int32)

    @property
    def rows(self) -> torch.Tensor | None:
        """The row of each frame, integers [frames]; None where there is one row only."""
        return None if self.alone else self._rows

    @functools.cached_property
    def _rows(self) -> torch.Tensor:
        return torch.arange(len(self.lengths), device=self.device).repeat_interleave(self._lengths, output_size=self.frames)

    @functools.cached_property
    def positions(self) -> torch.Tensor:
        """The place of each frame in its row, integers [frames]."""
        return torch.arange(self.frames, device=self.device) - self.ends[:-1].long()[self._rows]

    @functools.cached_property
    def _spread(self) -> torch.Tensor:
        """The place of each frame where rows are GAP apart, integers [frames]."""
        return torch.arange(self.frames, device=self.device) + GAP * self._rows

    @property
    def spread_frames(self) -> int:
        """Frames with the gaps between rows."""
        return self.frames + GAP * (len(self.lengths) - 1)

    def spread(self, packed: torch.Tensor) -> torch.Tensor:
        """[frames, channels] -> [spread_frames, channels], zeros in the gaps."""
        if self.alone:
            return packed
        apart = packed.new_zeros(self.spread_frames, packed.shape[1])
        apart[self._spread] = packed
        return apart

    def gather(self, apart: torch.Tensor) -> torch.Tensor:
        """The inverse of `spread`."""
        return apart if self.alone else apart[self._spread]


def of_frames(table: torch.Tensor, rows: torch.Tensor | None) -> torch.Tensor:
    """A value for each row, [rows, ...], to one for each frame; that of a lone row stays one that broadcasts."""
    return table if rows is None else table[rows]
