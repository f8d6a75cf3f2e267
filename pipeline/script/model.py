"""A script: what is said and shown, scene by scene."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from pipeline.documents.model import Document


@dataclasses.dataclass(frozen=True)
class Scene:
    """One scene. `narration` is plain text in sentences (never marks); title and phrases are shown on its card."""

    title: str
    key_phrases: tuple[str, ...]
    narration: str


@dataclasses.dataclass(frozen=True)
class Script:
    """Scenes in order. `language` is "vi" or "en"."""

    title: str
    language: str
    scenes: tuple[Scene, ...]

    def to_json(self) -> dict:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict) -> Script:
        scenes = tuple(Scene(scene["title"], tuple(scene["key_phrases"]), scene["narration"]) for scene in data["scenes"])
        return cls(data["title"], data["language"], scenes)


class ScriptWriter(Protocol):
    """The seam for writers: the extractive one needs nothing; one that asks a language model can stand beside it."""

    def write(self, document: Document, language: str) -> Script:
        """The script for `document`, in `language`. Raises BadDocument where there is nothing to tell."""
        ...
