"""Published checkpoints that are known by name: where they lie, what config.yaml they need, what their licence allows.

No shape stands here: depth and widths are read from the tensors. What a preset must say is what tensors cannot tell.
"""

from __future__ import annotations

import dataclasses
from typing import Any

#: What `arch` of config.yaml says of the two generations of F5-TTS; upstream's configs F5TTS_v1_Base.yaml, F5TTS_Base.yaml.
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "v1": {"text_mask_padding": True, "pe_attn_head": None},
    "v0": {"text_mask_padding": False, "pe_attn_head": 1},
}
#: Folder of the vocoder within a checkpoint.
VOCODER_FOLDER = "vocos-mel-24khz"
#: Upstream's inference lifts quieter references to this level.
REFERENCE_RMS = 0.1


@dataclasses.dataclass(frozen=True)
class Preset:
    """A checkpoint to pull.

    weights, vocabulary: paths in the repository, or patterns: of the files that match, the one with the highest number in its
    name is meant; empty for the only one there. languages: as `language` in config.yaml. megabytes: to download, without the
    vocoder, None where it was not seen. sha256: of the weights as published when this was written; it tells the file anywhere.
    """

    name: str
    repo: str
    weights: str
    vocabulary: str
    architecture: str
    languages: tuple[str, ...]
    revision: str = "main"
    lowercase: bool = False
    use_ema: bool | None = None
    licence: str | None = None
    megabytes: int | None = None
    sha256: str | None = None

    def config(self, weights: str) -> dict[str, Any]:
        """Its config.yaml. weights: name of the file of the weights."""
        ema = {} if self.use_ema is None else {"use_ema": self.use_ema}
        return {
            "name": self.name,
            "language": list(self.languages),
            "text_layout": "concatenated",
            "lowercase": self.lowercase,
            "model": weights,
            **ema,
            "arch": ARCHITECTURES[self.architecture],
            "vocoder": {"path": VOCODER_FOLDER},
            "sampling": {"steps": 32, "cfg_strength": 2.0, "sway_sampling_coef": -1.0},
            "reference_rms": REFERENCE_RMS,
        }


#: The vocoder of them all: its repository and the files in it, as its page lists them (54.4 MB).
VOCODER_REPO, VOCODER_FILES = "charactr/vocos-mel-24khz", ("config.yaml", "pytorch_model.bin")
VOCODER_LICENCE, VOCODER_MEGABYTES = "MIT", 54

PRESETS = {
    preset.name: preset
    for preset in (
        # Names, sizes and hashes of both are those on the pages of the repository.
        Preset(
            name="f5tts-v1-base",
            repo="SWivid/F5-TTS",
            weights="F5TTS_v1_Base/model_1250000.safetensors",
            vocabulary="F5TTS_v1_Base/vocab.txt",
            architecture="v1",
            languages=("en",),
            licence="CC-BY-NC-4.0",
            megabytes=1348,
            sha256="670900fd14e6c458b95da6e9ed317cdb20dbaf7a1c02ac06a05475a9d32b6a38",
        ),
        Preset(
            name="f5tts-base",
            repo="SWivid/F5-TTS",
            weights="F5TTS_Base/model_1200000.safetensors",
            vocabulary="F5TTS_Base/vocab.txt",
            architecture="v0",
            languages=("en",),
            licence="CC-BY-NC-4.0",
            megabytes=1348,
            sha256="4180310f91d592cee4bc14998cd37c781f779cf105e8ca8744d9bd48ca7046ae",
        ),
        # Names, size and licence are those on the repository's page, which also lists what the pickle calls: tensors only.
        # The vocabulary was renamed from vocab.txt to config.json there. Its demo lowers the case of both texts and runs the
        # v0 code; the hash is what another project pinned for this file. With the optimiser's state it is four times a model.
        Preset(
            name="vivoice",
            repo="hynt/F5-TTS-Vietnamese-ViVoice",
            weights="model_last.pt",
            vocabulary="config.json",
            architecture="v0",
            languages=("vi",),
            lowercase=True,
            licence="CC-BY-NC-SA-4.0",
            megabytes=5394,
            sha256="5ae8293dd09868d5758cd1edc6b74f53bd0200652d907bd43724a69c7b82ea1f",
        ),
        # Seen in code that downloads it, not on its page: models/model_42000.safetensors, later model_48000, and
        # models/vocab.txt; hence the pattern. Its authors call their weights MIT but for what the pretrained F5-TTS brings,
        # which they began from. They load it with `use_ema=False`, since the tensors have no prefix, and with the config
        # F5TTS_v1_Base; texts go through vinorm, which lowers their case.
        Preset(
            name="erax",
            repo="erax-ai/EraX-Smile-UnixSex-F5",
            weights="models/model_*.safetensors",
            vocabulary="models/vocab.txt",
            architecture="v1",
            languages=("vi",),
            lowercase=True,
            use_ema=False,
            licence="MIT, on weights under CC-BY-NC-4.0",
        ),
    )
}


def architecture_of(sha256: str) -> str | None:
    """v1 or v0 for the weights of a preset, by their hash; None for any others. It is the only trace of the difference."""
    return next((preset.architecture for preset in PRESETS.values() if preset.sha256 == sha256), None)
