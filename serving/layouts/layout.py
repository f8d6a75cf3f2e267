"""How text lies on the frames of speech. It is a property of a checkpoint, and it ends at one tensor of tokens.

`aligned`: for each frame of reference and speech the token of the character spoken there; lengths come from a small
model. `concatenated` (published F5-TTS): the text of the reference and the text one after the other; how long it takes
follows from the pace of the reference (pace.py).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

import torch

from serving.checkpoints import vocabulary
from serving.errors import NothingToSay, TooLong, VoiceUnusable
from serving.layouts import pace
from serving.layouts.durations import Durations

if TYPE_CHECKING:  # it reads files, with a library that is not everywhere where the engine is
    from serving.voices.voice import Voice

#: Seconds of speech that the model is given at least, and of room after the text. A lone "Yes" in the time of one syllable
#: comes out clipped; upstream slows it to a third instead. What is left over is silence, which silence.py takes away.
SHORTEST, ROOM = 0.7, 0.12
#: Syllables below which a text without a full stop gets one, so that the model ends there.
BRIEF = 4.0
#: Seconds of reference and speech together that published models were trained on; beyond, words are dropped or repeated.
TRAINED = 30.0
#: Published checkpoints end a reference with a full stop and a space, so that the text begins a sentence.
SENTENCE_ENDS = (".", "!", "?", "。", "！", "？")


@dataclasses.dataclass(frozen=True)
class Laid:
    """tokens: integers [n]. frames: of reference and speech together. character_ends: for each character of the text as
    sent, the frame of the speech (0 where the reference ends) at which it ends; None where the layout cannot know."""

    tokens: torch.Tensor
    frames: int
    character_ends: tuple[int, ...] | None


class Layout(Protocol):
    kind: str

    def check(self, voice: Voice) -> None:
        """Raise VoiceUnusable if the voice cannot be used with this layout."""

    def lay(self, text: str, voice: Voice, speed: float) -> Laid:
        """Lay `text` after the reference of `voice`. Raises NothingToSay where no character can be spoken, and TooLong where
        the model was not trained on so much in one piece."""


class Aligned:
    """One token a frame."""

    kind = "aligned"

    def __init__(self, tokens: dict[str, int], durations: Durations, lowercase: bool) -> None:
        self._tokens = tokens
        self._durations = durations
        self._lowercase = lowercase

    def check(self, voice: Voice) -> None:
        unknown = sorted(set(voice.text) - set(self._tokens))
        if voice.characters_of_frames is None or unknown:
            raise VoiceUnusable(
                voice.name,
                "does not fit the layout `aligned`: "
                + (
                    f"its text has characters that vocab.txt lacks ({''.join(unknown)}). Write it otherwise."
                    if unknown
                    else "its .json lacks characters_of_frames. Take a voice that was made for this checkpoint."
                ),
            )

    def lay(self, text: str, voice: Voice, speed: float) -> Laid:
        assert voice.characters_of_frames is not None
        spoken, counts = self._spoken(text)
        lengths = self._durations.frames(torch.tensor(spoken), speed)
        ends = lengths.cumsum(0).tolist()
        reference = [self._tokens[voice.text[at]] for at in voice.characters_of_frames[: voice.frames]]
        tokens = torch.cat([torch.tensor(reference), torch.tensor(spoken).repeat_interleave(lengths)])
        # ends[0] is the breath before the text; a character without tokens ends where the one before it did.
        return Laid(tokens, tokens.shape[0], tuple(ends[count] for count in counts))

    def _spoken(self, text: str) -> tuple[list[int], list[int]]:
        """Tokens of a leading space and the text; for each character sent, how many tokens of the text came by its end."""
        spoken = [self._tokens[" "]]
        counts: list[int] = []
        for characters, cluster in vocabulary.clusters(text):
            seen = cluster.lower() if self._lowercase else cluster
            spoken += [self._tokens[character] for character in seen if character in self._tokens]
            counts += [len(spoken) - 1] * characters
        if all(token == self._tokens[" "] for token in spoken):
            raise NothingToSay("The text has no character that this checkpoint can speak. Send letters or words.")
        return spoken, counts


class Concatenated:
    """Reference text and text in one row of tokens, filled up to the frames by the model itself."""

    kind = "concatenated"

    def __init__(self, tokens: dict[str, int], lowercase: bool) -> None:
        # Upstream's package takes seconds to import, and nothing else of serving needs it.
        from serving.upstream import convert_char_to_pinyin

        self._entries = convert_char_to_pinyin
        self._tokens = tokens
        self._lowercase = lowercase

    def check(self, voice: Voice) -> None:
        """Every reference with a text will do."""

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
