"""What a listener to a long reading doubts."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Doubts:
    """Numbers of the sentences that seem to have been skipped, and of those that seem to have been said twice."""

    skipped: tuple[int, ...]
    repeated: tuple[int, ...]
