"""Where a run of words may be broken, between two cues or between two lines, and how well that reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.subtitles.chunks import Chunk, joined

# Costs of a break; only their order and rough distances matter.
SENTENCE, CLAUSE, CONJUNCTION, PLAIN, CLINGING, COMPOUND, WITHIN = 0.0, 1.0, 3.0, 6.0, 12.0, 20.0, 30.0

#: A break reads well before these words ...
_OPENING = """
    and but or because so that which who when where while if although though as than with for from into to of in on at by
    và nhưng hoặc hay vì nên mà thì khi nếu tuy dù để với từ cho trong trên tại bởi rồi là cùng như do
"""
#: ... and badly after these, which cling to what follows.
_CLINGING = """
    a an the this that these those my your his her its our their of in on at by to for from with into and or but not no very
    is are was were will can may must mr mrs dr
    một các những mỗi mọi của và với từ trong trên để cho là không đã đang sẽ rất bị được về theo
"""
_CLAUSE_ENDS = (",", ";", ":", "—", "–", "…", ".", "!", "?", ")", "”", ",”", '"')
_OPENING_WORDS, _CLINGING_WORDS = frozenset(_OPENING.split()), frozenset(_CLINGING.split())
_CLOSERS = "\"'”’»)]"


def _read_compounds() -> frozenset[str]:
    lines = Path(__file__).with_name("compounds.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


#: Vietnamese writes its words syllable by syllable: these pairs are one word. No pair of English words is among them.
_COMPOUNDS = _read_compounds()


def break_cost(before: Chunk, after: Chunk) -> float:
    """How badly a break between two neighbours reads: 0 at a sentence's end, up to `WITHIN` inside of a word."""
    if before.ends_sentence:
        return SENTENCE
    if not before.spaced:
        return WITHIN
    if before.text.endswith(_CLAUSE_ENDS):
        return CLAUSE
    if _is_one_word(_bare(before.text), _bare(after.text)):
        return COMPOUND
    if _bare(before.text).lower() in _CLINGING_WORDS:
        return CLINGING
    return CONJUNCTION if _bare(after.text).lower() in _OPENING_WORDS else PLAIN


def lines_of(run: Sequence[Chunk], width: int) -> tuple[tuple[str, ...], float] | None:
    """The run on one line of at most `width` characters, or on two that are balanced and break well; None if neither fits.

    With the lines comes what the break between them costs, as in `break_cost`; 0 for a single line.
    """
    whole = joined(run)
    if len(whole) <= width:
        return (whole,), 0.0
    if len(whole) > 2 * width + 1:
        return None
    best: tuple[float, tuple[str, ...], float] | None = None
    for at in range(1, len(run)):
        pair = joined(run[:at]), joined(run[at:])
        if max(map(len, pair)) > width:
            continue
        uneven = abs(len(pair[0]) - len(pair[1])) / width
        breaking = break_cost(run[at - 1], run[at])
        cost = breaking / 2 + 12 * uneven * uneven
        if best is None or cost < best[0]:
            best = cost, pair, breaking
    return best[1:] if best else None


def _is_one_word(before: str, after: str) -> bool:
    """Whether two neighbours are a compound, or parts of a name such as Hoa Lư or New York: both begin with a capital."""
    if before[:1].isupper() and after[:1].isupper():
        return True
    return f"{before} {after}".casefold() in _COMPOUNDS


def _bare(word: str) -> str:
    return word.strip(_CLOSERS + "([«“‘,.;:!?")
