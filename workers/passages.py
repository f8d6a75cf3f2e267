"""Speaking passages through the serving application, each kept under its content address as soon as it is there."""

from __future__ import annotations

import contextvars
import dataclasses
import io
import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np
import soundfile

from pipeline.errors import PipelineError
from pipeline.speech.model import Passage, Sound
from pipeline.speech.passages import MAX_CHARACTERS, split
from serving.client import SpeechRefused
from store.files import FileStore
from workers.addresses import passage_address
from workers.work import Work

#: Requests of one step that are under way at once; serving batches them.
AT_ONCE = 8
#: Serving's code for a passage without any character that the checkpoint knows.
UNKNOWN_TO_THE_VOICE = "nothing_to_say"
#: Seconds of silence in place of such a passage.
SILENCE = 0.3


def passages_of(text: str, language: str, speed: float) -> list[Passage]:
    """The passages of a text, at least one; shorter ones where they are spoken slowly, as voices speak 30 s in one piece.

    Raises PipelineError nothing_to_speak where no letter of it is ever spoken.
    """
    passages = split(text, language, round(MAX_CHARACTERS * min(1.0, speed)))
    if not passages:
        raise PipelineError(
            "There are no words in this text that could be spoken. Send one with words.", code="nothing_to_speak"
        )
    return passages


def _voice_for(request: dict, voices: list[dict]) -> dict:
    """The voice that the job asks for, or the first of its language."""
    named = [voice for voice in voices if request["voice"] in (None, voice["name"])]
    fitting = [voice for voice in named if voice["language"] == request["language"]]
    if not named or not (fitting or request["voice"]):
        wanted = request["voice"] or f"for {request['language']}"
        known = ", ".join(voice["name"] for voice in voices)
        raise PipelineError(
            f"There is no voice {wanted}. This server's voices are {known}; choose one of them.", code="voice_unknown"
        )
    return (fitting or named)[0]


@dataclasses.dataclass(frozen=True)
class _Speaker:
    """How the passages of one step are spoken: by which voice of which checkpoint, until the step is given up."""

    work: Work
    checkpoint: dict
    voice: dict
    given_up: threading.Event = dataclasses.field(default_factory=threading.Event)

    @classmethod
    def of(cls, work: Work) -> _Speaker:
        # Asked anew for every step: under a fingerprint that is out of date, another checkpoint's sound would be kept.
        serving = work.speech.voices()
        return cls(work, serving["checkpoint"], _voice_for(work.claim.request, serving["voices"]))

    def address(self, passage: Passage) -> str:
        return passage_address(self.checkpoint["fingerprint"], self.work.claim.request, self.voice, passage)

    def speak(self, address: str, passage: Passage) -> None:
        """Have the passage spoken and keep its sound. Raises SpeechError."""
        try:
            speech = self.work.speech.speak(
                key=address,
                text=passage.spoken,
                voice=self.voice["name"],
                speed=self.work.claim.request["speed"],
                seed=self.work.claim.request["seed"],
                # A film is in no hurry: a sentence that somebody waits for overtakes it.
                priority="high" if self.work.claim.job_kind == "speech" else "low",
                # Serving shares itself out between the owners of jobs, however many passages one of them has.
                tenant=str(self.work.claim.owner_id),
                cancelled=lambda: self.given_up.is_set() or self.work.cancelled(),
            )
        except SpeechRefused as error:
            if error.code != UNKNOWN_TO_THE_VOICE:
                raise
            _keep(self.work.store.files, address, _silence(passage, self.checkpoint["rate"]))
        else:
            _keep(self.work.store.files, address, Sound(speech.samples, speech.rate, speech.character_ends, speech.timing))


def speak(work: Work, passages: Sequence[Passage]) -> list[str]:
    """Have every passage spoken that is not in the store yet. Returns their addresses, in order.

    Raises Cancelled, or the SpeechError of the first passage that fails; those already spoken are kept.
    """
    speaker = _Speaker.of(work)
    addresses = [speaker.address(passage) for passage in passages]
    missing = {
        address: passage for address, passage in zip(addresses, passages, strict=True) if not work.store.files.has(address)
    }
    done = len(passages) - len(missing)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="speak") as pool:
        calls = [
            pool.submit(contextvars.copy_context().run, speaker.speak, address, passage) for address, passage in missing.items()
        ]
        try:
            for call in as_completed(calls):
                call.result()
                done += 1
                work.report(done / len(passages), "Speaking")
        except BaseException:
            speaker.given_up.set()
            pool.shutdown(cancel_futures=True)
            raise
    work.stop_if_cancelled()
    return addresses


def _silence(passage: Passage, rate: int) -> Sound:
    """What stands for a passage in a script that the voice does not know, so that the rest is heard all the same."""
    ends = (np.arange(1, len(passage.spoken) + 1) * SILENCE / len(passage.spoken)).tolist()
    return Sound(np.zeros(round(SILENCE * rate), dtype=np.float32), rate, tuple(ends), "proportional")


def require_sound(samples: np.ndarray) -> None:
    """Refuse a narration in which nothing at all was spoken. Raises PipelineError nothing_to_speak."""
    if not samples.any():
        raise PipelineError(
            "The voice knows none of the letters of this text. Send a text in its language, or choose another voice.",
            code="nothing_to_speak",
        )


def _keep(files: FileStore, address: str, sound: Sound) -> None:
    wave = io.BytesIO()
    soundfile.write(wave, sound.samples, sound.rate, format="WAV", subtype="FLOAT")
    times = {"ends": sound.character_ends, "timing": sound.timing}
    files.publish(address, {"sound.wav": wave.getvalue(), "times.json": json.dumps(times).encode()})


def read_sound(files: FileStore, address: str) -> Sound:
    """A passage's sound, from the store."""
    samples, rate = soundfile.read(files.path(address, "sound.wav"), dtype="float32")
    times = json.loads(files.path(address, "times.json").read_bytes())
    return Sound(samples, rate, tuple(times["ends"]), times["timing"])
