"""How a stream of passages looks on the wire: one format for programs, and one that every player plays.

Msgpack   application/msgpack: one object a passage, {"passage": number, ...} with the fields of /v1/speak or with "error"
Wav       audio/wav: a header of unknown length, then 16-bit samples; what cannot be spoken is a short silence, or the end
"""

from __future__ import annotations

import struct
from typing import Protocol

import msgpack
import numpy as np

from serving.errors import NothingToSay, ServingError
from serving.replica import answers
from serving.replica.streaming import Outcome

#: Seconds of silence in place of a passage in which nothing can be said.
SILENCE = 0.3
#: The length that stands for an unknown one in a WAV.
UNKNOWN = 0xFFFFFFFF


class Framing(Protocol):
    media_type: str

    def head(self) -> bytes: ...
    def frame(self, outcome: Outcome) -> bytes:
        """The bytes of a passage. Raises ServingError where the stream has to end."""
        ...


class Msgpack:
    media_type = answers.MSGPACK

    def head(self) -> bytes:
        return b""

    def frame(self, outcome: Outcome) -> bytes:
        number, what = outcome
        if isinstance(what, ServingError):
            return msgpack.packb({"passage": number, "error": {**answers.error(what), "status": what.status}})
        return msgpack.packb({"passage": number, **answers.spoken(what)})


class Wav:
    media_type = "audio/wav"

    def __init__(self, rate: int) -> None:
        self._rate = rate

    def head(self) -> bytes:
        """RIFF, a `fmt ` of mono PCM, and `data`."""
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, self._rate, 2 * self._rate, 2, 16)
        return struct.pack("<4sI4s", b"RIFF", UNKNOWN, b"WAVE") + form + struct.pack("<4sI", b"data", UNKNOWN)

    def frame(self, outcome: Outcome) -> bytes:
        what = outcome[1]
        if isinstance(what, NothingToSay):
            return bytes(2 * round(SILENCE * self._rate))
        if isinstance(what, ServingError):
            raise what  # sound has no room for an error: the connection breaks, and nobody takes the rest for the whole
        return np.round(what.spoken.sound.samples * 32767).astype("<i2").tobytes()


def chosen(accept: str, rate: int) -> Framing:
    """The framing that an Accept header asks for. rate: samples a second of the model."""
    return Wav(rate) if "audio/wav" in accept else Msgpack()
