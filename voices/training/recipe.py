"""The sizes in which the voice can be trained; the vocoder's own numbers are in vocoder_sizes.py."""

from __future__ import annotations

import dataclasses
from pathlib import Path

HERE = Path(__file__).parent
#: Folders that the recipe makes; both are left out of git.
DATA, RUNS = HERE / "data", HERE / "runs"
#: Voices of the folder that is made, and who of the corpus speaks them.
VOICES = {"en_female": "heart", "en_male": "am_michael", "vi_female": "vi_female", "vi_male": "vi_north_1"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size:
    """hours: of speech of each teacher. frames: of mel in one batch. steps: updates of the weights. sampling_steps: of the flow
    for a sound, by default."""

    hibari_hours: float
    kokoro_hours: float
    espeak_hours: float
    aligner_width: int = 192
    aligner_layers: int = 8
    aligner_frames: int = 8_000
    aligner_steps: int
    durations_steps: int
    dim: int = 256
    depth: int = 6
    text_dim: int = 192
    frames: int = 4_096
    steps: int
    rate: float = 7e-4
    sampling_steps: int = 7


SIZES = {
    "cpu": Size(hibari_hours=6.0, kokoro_hours=0.8, espeak_hours=5.0, aligner_steps=4_500, durations_steps=1_500, steps=16_200),
    "gpu": Size(
        hibari_hours=30.0, kokoro_hours=6.0, espeak_hours=20.0, aligner_steps=12_000, durations_steps=9_000, steps=200_000
    ),
}
