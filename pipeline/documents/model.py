"""What a document is once it has been read: blocks of clean text in reading order, no marks of any format."""

from __future__ import annotations

import dataclasses
from typing import Literal

Kind = Literal["heading", "paragraph", "item", "quote", "code", "table", "image"]


@dataclasses.dataclass(frozen=True)
class Block:
    """One block of a document.

    text: what a reader sees, without marks (for `image` the alternative text, for `table` one row: "header: cell; ...").
    level: 1-6 for headings, nesting depth from 1 for list items, 0 otherwise.
    """

    kind: Kind
    text: str
    level: int = 0


@dataclasses.dataclass(frozen=True)
class Document:
    """A document that was read. `language` is "vi", "en" or None where neither metadata nor text tells."""

    title: str | None
    language: str | None
    blocks: tuple[Block, ...]

    def to_json(self) -> dict:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict) -> Document:
        return cls(data["title"], data["language"], tuple(Block(**block) for block in data["blocks"]))


@dataclasses.dataclass(frozen=True)
class Limits:
    """The most that a document may be: bytes of the upload, pages of a PDF, characters of text."""

    bytes: int
    pages: int
    characters: int
