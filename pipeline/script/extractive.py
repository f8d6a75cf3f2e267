"""A script made of the document's own sentences. It needs no language model, and says nothing the document does not say."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from pipeline.documents.characters import one_line
from pipeline.documents.model import Document
from pipeline.errors import BadDocument
from pipeline.script.centrality import centrality
from pipeline.script.model import Scene, Script
from pipeline.script.phrases import PhraseWeights
from pipeline.script.sections import Section, Sentence, ended, sections_of
from pipeline.script.words import content_words

#: About ten minutes of narration, at some fifteen characters a second.
TARGET_CHARACTERS = 9000
#: A scene lasts some 15 to 60 seconds.
SHORTEST_SCENE = 150
LONGEST_SCENE = 900
MOST_PHRASES = 5
LONGEST_TITLE = 60

_DANGLING = re.compile(
    r"(this|that|these|those|it|they|he|she|such|but|however|also|then|so"
    r"|điều này|điều đó|nó|họ|những điều|tuy nhiên|nhưng|do đó|vì vậy)\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[,;:.!?…–—(]")


class ExtractiveWriter:
    """Writes scenes from headings and paragraphs.

    target: characters of narration that a script has at most, more or less. A document within it is narrated whole;
    of a longer one each section keeps its most central sentences, in their order and in proportion to its length.
    """

    def __init__(self, target: int = TARGET_CHARACTERS):
        self.target = target

    def write(self, document: Document, language: str) -> Script:
        """The script, the same each time. Raises BadDocument("nothing_to_tell") where no sentence can be spoken."""
        sections = _shortened(sections_of(document), self.target, language)
        if not sections:
            raise BadDocument(
                "There is nothing to tell in this document: all it holds is code, large tables, pictures or addresses. "
                "Send one with at least a sentence of prose.",
                code="nothing_to_tell",
            )
        pieces = [piece for section in _merged(sections) for piece in _split(section)]
        weights = PhraseWeights("\n".join(block.text for block in document.blocks), language)
        scenes = [_scene(piece, weights, language) for piece in pieces]
        title = document.title or scenes[0].title
        first = _scene(Section(title, pieces[0].sentences), weights, language)
        return Script(title, language, tuple(_numbered([first, *scenes[1:]])))


def _scene(section: Section, weights: PhraseWeights, language: str) -> Scene:
    narration = _narration(section.sentences)
    title = section.heading or _own_title(section.sentences, weights, language)
    return Scene(title, weights.key_phrases(narration, _phrase_count(narration), apart_from=title), narration)


def _narration(sentences: Sequence[Sentence]) -> str:
    """The sentences, with a blank line between paragraphs, where the voice rests longer."""
    paragraphs = itertools.groupby(sentences, key=lambda sentence: sentence.paragraph)
    return "\n\n".join(" ".join(sentence.text for sentence in group) for _, group in paragraphs)


def _phrase_count(narration: str) -> int:
    """Two for a short scene, more for a longer one."""
    return min(MOST_PHRASES, 2 + len(narration) // 180)


def _numbered(scenes: list[Scene]) -> list[Scene]:
    """The scenes with "(2)", "(3)" after the title of those that carry on one before them."""
    seen: dict[str, int] = {}
    numbered = []
    for scene in scenes:
        seen[scene.title] = seen.get(scene.title, 0) + 1
        count = seen[scene.title]
        numbered.append(Scene(f"{scene.title} ({count})", scene.key_phrases, scene.narration) if count > 1 else scene)
    return numbered


def _own_title(sentences: Sequence[Sentence], weights: PhraseWeights, language: str) -> str:
    """A title for a scene without a heading: the first clause of its key sentence if that is short, else its best phrase."""
    scores = centrality([content_words(sentence.text, language) for sentence in sentences])
    best = max(range(len(sentences)), key=lambda number: (scores[number], -number))
    key = sentences[best].text
    clause = _CLAUSE_END.split(key, maxsplit=1)[0].strip(" \"'“”‘’«»")
    if len(clause.split()) >= 3 and len(clause) <= LONGEST_TITLE - 15 and not _DANGLING.match(clause):
        return clause
    phrases = weights.key_phrases(key, 1)
    text = phrases[0] if phrases else key
    if len(text) > LONGEST_TITLE:
        text = text[: LONGEST_TITLE - 1].rsplit(" ", 1)[0] + "…"
    return text[0].upper() + text[1:]


def _shortened(sections: list[Section], target: int, language: str) -> list[Section]:
    """The sections, each with its most central sentences, so that all of them have about `target` characters."""
    total = sum(section.length for section in sections)
    if total <= target:
        return sections
    kept = []
    room = 0.0
    for section in sections:  # what one section leaves over goes to the next
        room += section.length * target / total
        chosen = Section(section.heading, _central(section.sentences, int(room), language))
        if chosen.sentences:
            kept.append(chosen)
            room -= chosen.length
    return kept or [Section(sections[0].heading, sections[0].sentences[:1])]


def _central(sentences: list[Sentence], budget: int, language: str) -> list[Sentence]:
    """The best sentences that fit into `budget` characters, in order. The first of a paragraph counts more, and one that
    leans on the sentence before it ("This ...") counts less, unless that one is kept too."""
    scores = centrality([content_words(sentence.text, language) for sentence in sentences])
    for number, sentence in enumerate(sentences):
        if number == 0 or sentences[number - 1].paragraph != sentence.paragraph:
            scores[number] *= 1.25
        if _DANGLING.match(sentence.text):
            scores[number] *= 0.5
    kept: set[int] = set()
    seen: set[str] = set()
    room = budget
    for number in sorted(range(len(sentences)), key=lambda number: (-scores[number], number)):
        text = sentences[number].text
        if len(text) + 1 <= room and text not in seen:
            kept.add(number)
            seen.add(text)
            room -= len(text) + 1
    return [sentences[number] for number in sorted(kept)]


def _merged(sections: list[Section]) -> list[Section]:
    """Sections, none of them too short for a scene if it has a neighbour to go with; a merged heading is narrated."""
    merged: list[Section] = []
    for section in sections:
        last = merged[-1] if merged else None
        small = last is not None and min(section.length, last.length) < SHORTEST_SCENE
        if last is not None and small and section.length + last.length <= LONGEST_SCENE:
            heading = [Sentence(ended(one_line(section.heading)), -1)] if section.heading else []
            merged[-1] = Section(last.heading, [*last.sentences, *heading, *section.sentences])
        else:
            merged.append(section)
    return merged


def _split(section: Section) -> list[Section]:
    """The section as scenes of about equal length, parted between paragraphs where that is near enough."""
    count = -(-section.length // LONGEST_SCENE)
    if count == 1:
        return [section]
    wanted = section.length / count
    pieces: list[list[Sentence]] = [[]]
    length = 0
    for number, sentence in enumerate(section.sentences):
        paragraph_starts = number > 0 and sentence.paragraph != section.sentences[number - 1].paragraph
        enough = wanted * 0.8 if paragraph_starts else wanted
        if pieces[-1] and (length >= enough or length + len(sentence.text) > LONGEST_SCENE):
            pieces.append([])
            length = 0
        pieces[-1].append(sentence)
        length += len(sentence.text) + 1
    if len(pieces) > 1 and length < SHORTEST_SCENE:
        pieces[-2:] = [pieces[-2] + pieces[-1]]
    return [Section(section.heading, piece) for piece in pieces]
