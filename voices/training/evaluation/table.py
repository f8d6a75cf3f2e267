"""The figures of an evaluation as Markdown, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from voices.training.evaluation.cases import FEW

LANGUAGES = {"en": "English", "vi": "Vietnamese"}
#: Judges of a long reading, and what people call them.
JUDGES = {"aligner": "the aligner", "choice": "Whisper's choice among the sentences", "transcripts": "transcripts"}

Figures = Mapping[str, Any]


def markdown(report: Figures) -> str:
    """The main figures of evaluation.json, in a few tables."""
    return "\n\n".join(_parts(report)) + "\n"


def _parts(report: Figures) -> Iterator[str]:
    machine, sentences = report["machine"], min(report["sentences"].values())
    yield (
        f"Judged on {report['date'][:10]} ({machine['threads']} threads of {machine['processor']}, load {report['load']:.1f};"
        f" weights {report['fingerprint'][:12]}), {sentences} sentences a voice on which nothing was trained (the vocoder"
        f" alone, the length of a phone and speeds other than 1: {min(FEW, sentences)} of them), {report['default_steps']}"
        " steps. In brackets: the teacher's own speech of the same sentences."
    )
    yield table(("", *report["voices"]), list(_rows(list(report["voices"].values()))))
    yield "\n".join(f"- {line}" for line in (*_times(report["times"]), *_readings(report["readings"])))
    if report["steps"]:
        yield _steps(report["steps"])


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _rows(voices: Sequence[Figures]) -> Iterator[list[str]]:
    """A line a measure, a column a voice."""

    def row(name: str, told: Callable[[Figures], str]) -> list[str]:
        return [name, *(told(voice) for voice in voices)]

    yield row("language, teacher", lambda voice: f"{LANGUAGES[voice['language']]}, {voice['teacher']} ({voice['speaker']})")
    yield row("words wrong, Whisper base", lambda voice: _beside(voice["errors"].get("words")))
    yield row("words wrong, viet-asr", lambda voice: _beside(voice["errors"].get("other_words")))
    yield row("letters without tones wrong, viet-asr", lambda voice: _beside(voice["errors"].get("letters")))
    yield row("phones wrong, the aligner", lambda voice: _beside(voice["errors"]["phones"]))
    yield row("mel distance (a wrong sentence's)", lambda voice: _pair(voice["distance"]["ours"], voice["distance"]["wrong"]))
    yield row("likeness to the reference", lambda voice: _pair(voice["likeness"]["ours"], voice["likeness"]["same_speaker"]))
    yield row("likeness of other speakers", lambda voice: f"{voice['likeness']['other_speakers']:.2f}")
    yield row("length of a phone, median error", lambda voice: f"{voice['pace']['phone']:.0f} ms")
    yield row("length of speech, mean error", lambda voice: f"{voice['longer']['mean']:+.1%}")
    for speed in voices[0]["pace"]["speeds"]:
        yield row(f"speed {speed}", lambda voice, speed=speed: f"{voice['pace']['speeds'][speed]:.2f}")  # type: ignore[misc]
    yield row("vocoder alone: words wrong", lambda voice: f"{voice['vocoder']['words']:.1%}")
    yield row("vocoder alone: mel, nepers", lambda voice: f"{voice['vocoder']['mel']:.2f}")
    yield row("vocoder alone: STFT distance", lambda voice: f"{voice['vocoder']['spectral']:.2f}")
    yield row("vocoder alone: extended STOI", lambda voice: f"{voice['vocoder']['intelligibility']:.2f}")
    yield row("seconds of speech a second", lambda voice: f"{voice['speed']:.2f}")


def _beside(errors: Figures | None) -> str:
    return f"{errors['ours']:.1%} ({errors['teacher']:.1%})" if errors else ""


def _pair(one: float, other: float) -> str:
    return f"{one:.2f} ({other:.2f})"


def _times(times: Figures) -> Iterator[str]:
    for teacher, found in times.items():
        if found:
            starts, ends = found["starts"], found["ends"]
            yield (
                f"Times of {found['words']} words by the aligner, against {teacher}'s own: starts {starts['median']:.0f} ms off"
                f" (median; 90 % within {starts['p90']:.0f} ms), ends {ends['median']:.0f} ms ({ends['p90']:.0f} ms),"
                f" words without a time: {found['missed']}."
            )


def _readings(readings: Figures) -> Iterator[str]:
    for language, found in readings.items():
        ours, teacher = found["ours"], found["teacher"]
        told = ", ".join(f"{_doubts(ours[judge])} ({_doubts(teacher[judge])}) by {name}" for judge, name in JUDGES.items())
        yield (
            f"{LANGUAGES[language]}, {found['seconds']:.0f} s read by {found['voice']} in {found['sentences']} sentences,"
            f" skipped and repeated ones: {told}. The aligner misses {ours['words_skipped']} single words"
            f" ({teacher['words_skipped']}). The choice is {ours['margin']:.0f} nats ({teacher['margin']:.0f}) ahead of the"
            f" next sentence where it is closest. Where each is said by the teacher and, a second later, by the voice, it does"
            f" not notice that in {found['twice_missed']} of {found['sentences']}."
        )


def _doubts(found: Figures) -> str:
    return f"{len(found['skipped'])} and {len(found['repeated'])}"


def _steps(steps: Figures) -> str:
    """A line a number of steps, the languages beside each other."""
    languages = list(next(iter(steps.values())))
    measures = ("words wrong", "phones wrong", "mel distance", "speed")
    heading = ["steps", *(f"{LANGUAGES[language]}: {measure}" for language in languages for measure in measures)]
    return table(heading, [[count, *_of_steps(found)] for count, found in steps.items()])


def _of_steps(found: Figures) -> Iterator[str]:
    for figures in found.values():
        yield f"{figures['errors']['words']['ours']:.1%}"
        yield f"{figures['errors']['phones']['ours']:.1%}"
        yield f"{figures['distance']['ours']:.2f}"
        yield f"{figures['speed']:.2f}"
