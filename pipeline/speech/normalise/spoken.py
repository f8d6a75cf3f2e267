"""Builds the spoken text together with its spans."""

from __future__ import annotations

import unicodedata

from pipeline.speech.model import Span

#: Punctuation a voice makes something of; all other signs that no rule has read become a space.
_PUNCTUATION = set(".,;:!?'\"()-")
_CLOSING = set(".,;:!?)")
#: A bullet or what is left of a sign: nothing to say before the first word.
_NEVER_FIRST = set(" -.,;:!?)")
_BRACKETS = str.maketrans("[]{}", "()()")
#: More of the same mark in a row says nothing more.
_REPEATED_AT_MOST = {".": 3, "!": 3, "?": 3}


class SpokenText:
    """Collects stretches of speech in order; `spans` cover `text` without gaps."""

    def __init__(self) -> None:
        self._characters: list[str] = []
        self._spans: list[Span] = []
        self._kept_identity = False
        self._word_was_read = False

    def keep(self, character: str, start: int, end: int) -> None:
        """A character that is spoken as it is written; it stood at original[start:end]."""
        character = character.translate(_BRACKETS)
        if unicodedata.category(character)[0] not in "LM" and character not in _PUNCTUATION:
            character = " "
        if character in _NEVER_FIRST and not self._characters:
            return
        if character == " " and self._characters[-1] == " ":
            return
        if character in _CLOSING and self._characters and self._characters[-1] == " ":
            self._drop_last()
        if character in _PUNCTUATION and self._repeats(character):
            return
        if self._word_was_read and character.isalpha():
            self._widen_last(" ")
        self._append(character, start, end, identity=True)
        self._word_was_read = False

    def read(self, words: str, start: int, end: int) -> None:
        """Words that stand for original[start:end]."""
        if not words:
            return
        last = self._characters[-1] if self._characters else " "
        if last == " ":
            words = words.lstrip(" ")
        elif last.isalpha() and words[:1].isalpha():
            words = f" {words}"
        if words:
            self._append(words, start, end, identity=False)
            self._word_was_read = words[-1].isalpha()

    def finish(self) -> tuple[str, tuple[Span, ...]]:
        """The text without spaces at its end, and its spans."""
        while self._characters and self._characters[-1] == " ":
            self._drop_last()
        return "".join(self._characters), tuple(self._spans)

    def _append(self, words: str, start: int, end: int, identity: bool) -> None:
        position = len(self._characters)
        self._characters.extend(words)
        last = self._spans[-1] if self._spans else None
        if identity and self._kept_identity and last and last.original_end == start and end - start == len(words) == 1:
            self._spans[-1] = Span(last.start, position + 1, last.original_start, end)
        else:
            self._spans.append(Span(position, position + len(words), start, end))
        self._kept_identity = identity and end - start == len(words)

    def _widen_last(self, words: str) -> None:
        last = self._spans[-1]
        self._characters.extend(words)
        self._spans[-1] = Span(last.start, last.end + len(words), last.original_start, last.original_end)

    def _drop_last(self) -> None:
        self._characters.pop()
        last = self._spans.pop()
        if last.end - last.start == 1:
            self._kept_identity = False
            return
        identity = last.end - last.start == last.original_end - last.original_start
        original_end = last.original_end - 1 if identity else last.original_end
        self._spans.append(Span(last.start, last.end - 1, last.original_start, original_end))

    def _repeats(self, mark: str) -> bool:
        most = _REPEATED_AT_MOST.get(mark, 1)
        return len(self._characters) >= most and all(last == mark for last in self._characters[-most:])
