"""The text of a document as it is to be read aloud."""

from __future__ import annotations

import re

from pipeline.documents.characters import has_words
from pipeline.documents.model import Block, Document

_SPOKEN = ("heading", "paragraph", "item", "quote", "table")
_ENDED = re.compile(r"[.!?…:;,。][\"'”’»)\]]*$")


def spoken_text(document: Document) -> str:
    """The blocks that are read aloud, parted by blank lines: no code, no pictures, and no block without a word.

    Headings, items and rows of tables that end with no mark get a full stop, so that the voice comes to rest.
    """
    texts = (spoken_block(block) for block in document.blocks if block.kind in _SPOKEN and has_words(block.text))
    return "\n\n".join(texts)


def spoken_block(block: Block) -> str:
    """The text of one block, ended where its kind asks for an end."""
    if block.kind in ("heading", "item", "table") and not _ENDED.search(block.text):
        return block.text + "."
    return block.text
