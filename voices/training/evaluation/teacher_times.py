"""When a teacher itself says that it speaks each word: the truth that the aligner's times are held against.

hibari's network has the ends of its phones inside; libespeak-ng tells of every word and phone while it speaks. Kokoro's times
are not to be had.
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
import onnxruntime
import soxr
from hibari.voices import voice_path

from serving.alignment.words import words
from serving.pronunciation import Phone
from voices.training.teachers import espeak, hibari

#: Output of the network that counts up the frames of the phones, and seconds of such a frame: twice those of its sound.
ENDS, FRAME = "/CumSum_output_0", 2 * 300 / 24_000
RATE = 24_000


@dataclasses.dataclass(frozen=True)
class Timed:
    """samples: float32 at 24 kHz. words: seconds [start, end) of the word that begins at each character of the text."""

    samples: np.ndarray
    words: dict[int, tuple[float, float]]


class HibariTimes:
    """hibari with the ends of its phones."""

    def __init__(self) -> None:
        self._teacher = hibari.Teacher()

    def speak(self, phones: Sequence[Phone], speaker: str, seed: int) -> Timed:
        """phones: of the text, as it is read for hibari too."""
        spellings = [phone.token.strip("/") for phone in phones]
        samples = self._teacher.speak("".join(spellings), speaker, seed)
        known = self._teacher.voice.vocab
        ends = self._ends(self._teacher.voice.ids("".join(spellings)), hibari.SPEAKERS[speaker].speed)
        # The first id is the silence before; a phone is spelled with as many ids as it has signs that are known.
        counts = np.cumsum([0, *(sum(sign in known for sign in spelling) for spelling in spellings)])
        bounds = ends[counts] * FRAME
        return Timed(samples, {word.start: (bounds[word.first], bounds[word.last]) for word in words(phones)})

    def _ends(self, ids: list[int], speed: float) -> np.ndarray:
        """End of each id in frames, integers [ids]."""
        inputs = {"ids": np.asarray([ids], np.int64), "speed": np.asarray([speed], np.float32)}
        return np.asarray(self._session.run([ENDS], inputs)[0]).ravel()

    @functools.cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        import onnx  # only here, and only for the evaluation

        graph = onnx.load(voice_path("heart"))
        graph.graph.output.append(onnx.ValueInfoProto(name=ENDS))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(graph.SerializeToString(), options)


class _Name(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("pointer", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h. text_position: characters, from 1. sample: of the sound so far."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Name),
    ]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
#: Numbers of speak_lib.h.
_SYNCHRONOUS, _PHONE_EVENTS, _BY_CHARACTER, _UTF8 = 2, 1, 1, 1
_PACE, _PITCH = 1, 3
_LAST, _WORD, _PHONE = 0, 1, 7


class EspeakTimes:
    """espeak-ng by its library, whose sound is that of the program, with what it tells of words."""

    def __init__(self) -> None:
        """Raises EspeakMissing."""
        try:
            self._library = ctypes.CDLL("libespeak-ng.so.1")
        except OSError as error:
            raise espeak.EspeakMissing("libespeak-ng.so.1 is missing. Install it: apt-get install espeak-ng") from error
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONE_EVENTS)
        self._library.espeak_Synth.argtypes = [
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p,
            ctypes.c_void_p,
        ]  # fmt: skip
        self._sounds: list[np.ndarray] = []
        self._events: list[tuple[int, int, float, bytes]] = []
        self._callback = _CALLBACK(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, speaker: str) -> Timed:
        """The sound as the program makes it, at 24 kHz, and when each word is said in it."""
        who = espeak.SPEAKERS[speaker]
        self._library.espeak_SetVoiceByName(who.voice.encode())
        self._library.espeak_SetParameter(_PACE, who.pace, 0)
        self._library.espeak_SetParameter(_PITCH, who.pitch, 0)
        self._sounds, self._events = [], []
        written = text.encode()
        self._library.espeak_Synth(written, len(written) + 1, 0, _BY_CHARACTER, 0, _UTF8, None, None)
        samples = np.concatenate(self._sounds).astype(np.float32) / 32_768
        return Timed(soxr.resample(samples, self._rate, RATE), spoken(self._events))

    def _take(self, sound, count: int, events) -> int:  # type: ignore[no-untyped-def]
        if count:
            self._sounds.append(np.ctypeslib.as_array(sound, (count,)).copy())
        number = 0
        while events[number].type != _LAST:
            event = events[number]
            # Only a phone has a name; a word has its length.
            name = event.id.string if event.type == _PHONE else b"" if event.length else b"_"
            self._events.append((event.type, event.text_position - 1, event.sample / self._rate, name))
            number += 1
        return 0


def spoken(events: Sequence[tuple[int, int, float, bytes]]) -> dict[int, tuple[float, float]]:
    """Seconds of the word at each place of the text, from espeak-ng's events: (type, place, seconds, name). A word lasts from
    its own event to the first pause (a phone whose name begins with "_") after a phone."""
    found: dict[int, tuple[float, float]] = {}
    place, start, is_said = -1, 0.0, False
    for kind, at, seconds, name in events:
        if kind == _WORD and not name:
            place, start, is_said = at, seconds, False
        elif kind == _PHONE and place >= 0 and name.startswith(b"_") and is_said:
            found[place], place = (start, seconds), -1
        elif kind == _PHONE and not name.startswith(b"_"):
            is_said = True
    return found
