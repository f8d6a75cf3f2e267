"""A document as sections of sentences: what of it can be told."""

from __future__ import annotations

import dataclasses
import re

from pipeline.documents.characters import has_words
from pipeline.documents.model import Block, Document
from pipeline.script.sentences import parts_of, sentences_of

#: A table with more rows in a row than this, or a row longer than this in characters, is for the eye only.
MOST_ROWS = 6
LONGEST_ROW = 160
#: Characters; what has no full stop for longer is parted at commas or spaces, so that no scene grows without end.
LONGEST_SENTENCE = 600

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[^\s@]+@[^\s@]+\.\w+")
_ENDED = re.compile(r"[.!?…:;][\"'”’»)\]]*$")


@dataclasses.dataclass(frozen=True)
class Sentence:
    """A sentence as it is narrated. `paragraph` numbers the block it stands in, within the document."""

    text: str
    paragraph: int


@dataclasses.dataclass
class Section:
    """A heading (None before the first one) and the sentences under it."""

    heading: str | None
    sentences: list[Sentence]

    @property
    def length(self) -> int:
        """Characters of narration."""
        return sum(len(sentence.text) + 1 for sentence in self.sentences)


def sections_of(document: Document) -> list[Section]:
    """The sections of `document` that hold something to tell, in order."""
    silent = _silent_tables(document.blocks)
    sections = [Section(None, [])]
    for number, block in enumerate(document.blocks):
        if block.kind == "heading":
            sections.append(Section(block.text, []))
        elif block.kind in ("paragraph", "item", "quote", "table") and number not in silent:
            sections[-1].sentences.extend(_told(ended(block.text), number))
    told = [section for section in sections if section.sentences]
    return told or _outline(document)


def _told(text: str, number: int) -> list[Sentence]:
    pieces = (piece for sentence in sentences_of(text) for piece in parts_of(sentence, LONGEST_SENTENCE))
    return [Sentence(piece, number) for piece in pieces if is_told(piece)]


def _outline(document: Document) -> list[Section]:
    """The headings themselves, for a document that has nothing else."""
    sentences = [
        told
        for number, block in enumerate(document.blocks)
        if block.kind == "heading"
        for told in _told(ended(block.text), number)
    ]
    return [Section(None, sentences)] if sentences else []


def is_told(sentence: str) -> bool:
    """Whether a sentence says something when spoken: one that is only an address, a number or marks does not."""
    return sum(character.isalpha() for character in _ADDRESS.sub("", sentence)) >= 2


def ended(text: str) -> str:
    """`text` with a full stop unless it ends with a mark."""
    return text if _ENDED.search(text) or not has_words(text) else text + "."


def _silent_tables(blocks: tuple[Block, ...]) -> set[int]:
    """The numbers of the blocks that are rows of tables too large to be listened to."""
    silent: set[int] = set()
    run: list[int] = []
    for number in range(len(blocks) + 1):
        if number < len(blocks) and blocks[number].kind == "table":
            run.append(number)
            continue
        if len(run) > MOST_ROWS or any(len(blocks[row].text) > LONGEST_ROW for row in run):
            silent.update(run)
        run = []
    return silent
