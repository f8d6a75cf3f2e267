"""English words by the lexicon and the rules of hibari-tts, which knows stress, parts of speech and unknown words."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, NamedTuple

from serving.pronunciation import phones
from serving.pronunciation.plain import plain

if TYPE_CHECKING:
    from hibari.g2p import G2P
    from hibari.g2p.token import Tok

_loading = threading.Lock()


class Said(NamedTuple):
    """tokens: English phones, SPACE between the words of one reading. [start, end) of the text that was given. joined: it is
    one word with what is said before it."""

    start: int
    end: int
    tokens: list[str]
    joined: bool


def read(text: str) -> list[Said]:
    """The words of written text (`writing.Written.text`, or a part of it) in order. Marks are looked at and not told."""
    library = _library()
    given, places = plain(text, library.oov.cin, is_known)
    said: list[Said] = []
    at = 0
    for word in library.phonemize_tokens(_tagged(library, given)):
        at = max(at, given.find(word.text, at))
        tokens = phones.split(word.phonemes or "")
        if tokens:
            joined = at > 0 and given[at - 1].isalnum()
            said.append(Said(places[at], places[at + len(word.text) - 1] + 1, tokens, joined))
        at += len(word.text)
    return said


def is_known(word: str) -> bool:
    """Whether the lexicon has the word, in small letters or as a name."""
    return word.lower() in _library().lexicon.golds


def _library() -> G2P:
    with _loading:
        return _loaded()


@functools.cache
def _loaded() -> G2P:
    """The library, wholly loaded (0.3 s). Afterwards nothing in it changes, so that threads may share it."""
    from hibari.g2p import G2P
    from hibari.g2p.oov import OOV

    return G2P(oov=OOV())


def _tagged(library: G2P, given: str) -> list[Tok]:
    """The tokens of plain text. A word that was tagged as punctuation (which befalls odd ones) would be left unsaid."""
    from hibari.g2p import PUNCT_TAGS

    tokens = library.tokenize(given)
    for token in tokens:
        if token.tag in PUNCT_TAGS and any(map(str.isalnum, token.text)):
            token.tag = "NN"
    return tokens
