"""Puts the trained models together into the folder that is served (voices/sample).

python -m voices.training.export --size cpu --to voices/sample
"""

from __future__ import annotations

import json
from pathlib import Path

import soundfile
import yaml

from serving.pronunciation import inventory
from voices.training import command, dit, durations, embedding, model_card, run, saved, vocoder
from voices.training.corpus import LEVEL, RATE, Corpus, Utterance
from voices.training.recipe import SIZES, VOICES, Size

#: Seconds of a reference: enough to show a voice, short enough to cost little in every request.
SHORTEST, LONGEST = 2.8, 4.0
#: Largest sample of a reference: what is spoken after it is as loud, and some sentences have higher peaks.
PEAK = 0.4


def main() -> None:
    arguments = command.parser(__doc__)
    arguments.add_argument("--to", type=Path, required=True)
    chosen = arguments.parse_args()
    export(SIZES[chosen.size], Corpus(chosen.data), chosen.runs / chosen.size, chosen.to)


def export(size: Size, corpus: Corpus, folder: Path, to: Path) -> None:
    """Write a voice folder out of the run in `folder`: weights as fp16, references, and a model card without its figures.

    Raises SystemExit, before anything is written, where a model was not trained or cannot be read, or a speaker has no fit
    sentence.
    """
    weights = {name: saved.average(folder, name) for name in ("dit", "aligner", "durations", "vocoder")}
    with saved.fitting(folder / "dit.pt"):
        served = embedding.served(weights["dit"], inventory())
    # Upstream works the angles of rotary embeddings out anew; as fp16 they would be others.
    spoken = {f"transformer.{name}": value for name, value in served.items() if not name.endswith("inv_freq")}
    references = {name: _usual(corpus, speaker) for name, speaker in VOICES.items()}
    config, card = _config(size, folder), model_card.text(corpus, folder, VOICES)
    (to / "references").mkdir(parents=True, exist_ok=True)
    (to / "vocab.txt").write_text("\n".join(inventory()) + "\n", encoding="utf-8")
    (to / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    run.write_half(spoken, to / "model.safetensors")
    run.write_half(weights["aligner"], to / "aligner.safetensors")
    run.write_half(durations.served(weights["durations"]), to / "durations.safetensors")
    run.write_half(weights["vocoder"], to / "vocoder.safetensors")
    for name, utterance in references.items():
        _write_reference(corpus, utterance, to / "references" / name)
    (to / "MODEL_CARD.md").write_text(card, encoding="utf-8")


def _config(size: Size, folder: Path) -> dict[str, object]:
    return {
        "name": "sample",
        "language": ["vi", "en"],
        "text_layout": "aligned",
        "arch": {"backbone": "DiT", **dit.architecture(size), "qk_norm": None},
        "mel": {
            "target_sample_rate": RATE, "n_fft": 1024, "hop_length": 256, "win_length": 1024, "n_mel_channels": 100,
            "mel_spec_type": "vocos",
        },
        "vocoder": vocoder.config(folder),
        "sampling": {"steps": size.sampling_steps, "cfg_strength": 1.0, "sway_sampling_coef": -1.0},
        "reference_rms": LEVEL,
    }  # fmt: skip


def _usual(corpus: Corpus, speaker: str) -> Utterance:
    """A whole sentence in one breath of a fit length, at the speaker's usual pace: what is spoken after it takes that pace."""
    fit = [each for each in corpus.utterances if each.speaker == speaker and _is_fit(each)]
    if not fit:
        raise SystemExit(f"The corpus has no sentence by {speaker} that is fit for a reference. Make more of it: recipe.py.")
    return sorted(fit, key=lambda each: len(each.text) / each.seconds)[len(fit) // 2]


def _is_fit(utterance: Utterance) -> bool:
    in_one_breath = utterance.text.endswith(".") and all(word.isalpha() for word in utterance.text[:-1].split(" "))
    return in_one_breath and not utterance.held_out and SHORTEST <= utterance.seconds <= LONGEST


def _write_reference(corpus: Corpus, chosen: Utterance, path: Path) -> None:
    wave = corpus.wave(chosen)
    quiet = wave * min(1.0, PEAK / float(abs(wave).max()))
    soundfile.write(path.with_suffix(".wav"), quiet, RATE, subtype="PCM_16")
    about = {"text": chosen.text, "language": chosen.language, "speaker": chosen.speaker}
    path.with_suffix(".json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
