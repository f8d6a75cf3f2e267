"""How text lies on the frames of speech. It is a property of a checkpoint, and it ends at one tensor of tokens.

`aligned`: for each frame of reference and speech the token of the phone spoken there; lengths come from a small model.
`concatenated` (published F5-TTS): the text of the reference and the text one after the other; how long it takes follows from
the pace of the reference (pace.py).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from serving.alignment import times
from serving.alignment.words import SILENT
from serving.errors import NothingToSay, TooLong
from serving.layouts import pace
from serving.layouts.durations import Durations, whole
from serving.model.text import MAX_FRAMES
from serving.pronunciation import Phone, Pronunciation
from serving.pronunciation.phones import SPACE

if TYPE_CHECKING:  # it reads files, with a library that is not everywhere where the engine is
    from serving.voices.voice import Voice

#: Seconds of speech that the model is given at least, and of room after the text. A lone "Yes" in the time of one syllable
#: comes out clipped; upstream slows it to a third instead. What is left over is silence, which silence.py takes away.
SHORTEST, ROOM = 0.7, 0.12
#: Syllables below which a text without a full stop gets one, so that the model ends there.
BRIEF = 4.0
#: Syllables below which `aligned` gives a text a pause before it, a full stop, and time to be said in: the model of durations
#: learnt from sentences, and gives a lone sound none to four frames. SAID: seconds of its phones at least; in more, vowels are
#: drawn out as nobody says them. BEFORE, AFTER: frames of the pause and, at least, of the mark.
LONE = 2.0
SAID, BEFORE, AFTER = 0.25, 8, 6
#: Seconds of reference and speech together that published models were trained on; beyond, words are dropped or repeated.
TRAINED = 30.0
#: How many times as long as usual a voice may take for its phones. A reference that goes beyond is a slip of the recording.
BRISKEST, SLOWEST = 0.7, 1.45
#: Published checkpoints end a reference with a full stop and a space, so that the text begins a sentence.
SENTENCE_ENDS = (".", "!", "?", "。", "！", "？")


@dataclasses.dataclass(frozen=True)
class Laid:
    """tokens: integers [n]. frames: of reference and speech together. character_ends: for each character of the text as
    sent, the frame of the speech (0 where the reference ends) at which it ends; None where the layout cannot know."""

    tokens: torch.Tensor
    frames: int
    character_ends: tuple[float, ...] | None


class Layout(Protocol):
    kind: str

    def lay(self, text: str, voice: Voice, speed: float) -> Laid:
        """Lay `text` after the reference of `voice`. Raises NothingToSay where no character can be spoken, and TooLong where
        it takes more in one piece than the layout's models can speak."""


class Aligned:
    """One phone a frame. The text is spoken at the pace of the reference."""

    kind = "aligned"

    def __init__(self, tokens: dict[str, int], durations: Durations) -> None:
        self._tokens = tokens
        self._silent = torch.tensor([tokens[token] for token in SILENT if token in tokens])
        self._durations = durations
        self._pronunciation = Pronunciation()

    def lay(self, text: str, voice: Voice, speed: float) -> Laid:
        assert voice.tokens is not None
        phones = [phone for phone in self._pronunciation.read(text, voice.language) if phone.token in self._tokens]
        if all(phone.token in SILENT for phone in phones):
            raise NothingToSay("The text has no word that this checkpoint can speak. Send words.")
        is_lone = pace.weigh(text).spoken < LONE
        before, after = self._around(phones) if is_lone else ([], [])
        spoken = torch.tensor([self._tokens[token] for token in (*before, *(phone.token for phone in phones), *after)])
        lengths = self._durations.lengths(spoken) * self._slowness(voice.tokens) / speed
        frames = whole(self._sayable(spoken, lengths, SAID / voice.frame_seconds) if is_lone else lengths)
        room, total = MAX_FRAMES - voice.frames, int(frames.sum())
        if total > room:
            raise TooLong.told(total, room, voice.frame_seconds)
        tokens = torch.cat([voice.tokens, spoken.repeat_interleave(frames)])
        # What was set around the text is none of its characters.
        bounds = np.array([0, *frames.cumsum(0).tolist()])[len(before) :][: len(phones) + 1]
        ends = times.character_ends(len(text), phones, times.spaces_shared(phones, bounds, frame=1))
        return Laid(tokens, tokens.shape[0], tuple(ends.tolist()))

    @staticmethod
    def _around(phones: Sequence[Phone]) -> tuple[list[str], list[str]]:
        """The tokens that are set before and after a lone text."""
        return [SPACE], [] if phones[-1].token in SILENT else ["."]

    def _sayable(self, spoken: torch.Tensor, lengths: torch.Tensor, least: float) -> torch.Tensor:
        """Lengths of a lone text in which it can be said: its phones take `least` frames together, at any speed."""
        silent = torch.isin(spoken, self._silent)
        lengths = torch.where(silent, lengths, lengths * max(1.0, least / float(lengths[~silent].sum())))
        lengths[0], lengths[-1] = BEFORE, max(AFTER, float(lengths[-1]))
        return lengths

    def _slowness(self, reference: torch.Tensor) -> float:
        """How many times as long as usual the phones of a reference, integers [frames], are spoken; its pauses do not count."""
        phones, frames = reference.unique_consecutive(return_counts=True)
        spoken = ~torch.isin(phones, self._silent)
        if not spoken.any():
            return 1.0
        usual = self._durations.frames(phones, 1.0)[spoken].sum().clamp(min=1)
        return min(max(float(frames[spoken].sum() / usual), BRISKEST), SLOWEST)


class Concatenated:
    """Reference text and text in one row of tokens, filled up to the frames by the model itself."""

    kind = "concatenated"

    def __init__(self, tokens: dict[str, int], lowercase: bool) -> None:
        # Upstream's package takes seconds to import, and nothing else of serving needs it.
        from serving.upstream import convert_char_to_pinyin

        self._entries = convert_char_to_pinyin
        self._tokens = tokens
        self._lowercase = lowercase

    def lay(self, text: str, voice: Voice, speed: float) -> Laid:
        """Frames follow the pace of the reference by syllables; unknown characters become token 0."""
        before, said = self._before(voice.text), self._ended(self._cased(text.strip()))
        if not any(entry in self._tokens and entry.strip() for entry in self._entries([said])[0]):
            raise NothingToSay("The text has no character that this checkpoint can speak. Send letters or words.")
        tokens = torch.tensor([self._tokens.get(entry, 0) for entry in self._entries([before + said])[0]])
        speech = max(pace.weigh(said).whole * voice.syllable_frames / speed, SHORTEST / voice.frame_seconds)
        frames = max(round(speech + ROOM / voice.frame_seconds), len(tokens) + 1 - voice.frames)
        room = int(TRAINED / voice.frame_seconds) - voice.frames
        if frames > room:
            raise TooLong.told(frames, room, voice.frame_seconds)
        return Laid(tokens, voice.frames + frames, None)

    def _before(self, text: str) -> str:
        text = self._cased(text.strip())
        return text + (" " if text.endswith(SENTENCE_ENDS) else ". ")

    def _ended(self, text: str) -> str:
        """A brief text with a mark at its end."""
        return text + "." if text and text[-1].isalnum() and pace.weigh(text).spoken < BRIEF else text

    def _cased(self, text: str) -> str:
        return text.lower() if self._lowercase else text
