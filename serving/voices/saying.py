"""Whether a reference says its text, and which phone it says when: who speaks after one that does not, speaks nonsense."""

from __future__ import annotations

import logging

import torch

from serving.alignment.aligner import Aligner
from serving.alignment.alignment import Alignment
from serving.errors import VoiceUnusable
from serving.voices.references import Reference

#: Part of a text's phones that is heard in its place at most where another text is said, and part as which phones are surely
#: heard at least by a listener that understands who speaks. Measured on held-out speech of the teachers: its own text 0.86 and
#: more (2nd percentile), another 0.19 (median), surely heard 0.77 and more. On people: English 0.70 and 0.94; Vietnamese, which
#: the listener knows from a synthesizer only, 0.05 to 0.20 and 0.18 at most (so much with less training than the shipped one).
OTHER, UNDERSTOOD = 0.35, 0.6

logger = logging.getLogger(__name__)


def hear(aligner: Aligner | None, layout: str, rate: int, name: str, reference: Reference) -> torch.Tensor | None:
    """The phone in each frame of a reference, integers [frames], where the layout is `aligned`, else None.

    rate: of the reference's samples. The log tells where the text seems not to be what is said. Raises VoiceUnusable where
    that is sure, and where its phones are needed and cannot be found.
    """
    if aligner is None:
        return None
    heard = aligner.hear(reference.samples, rate)
    alignment = aligner.align(reference.text, reference.language, heard)
    if alignment is not None:
        _judge(name, reference.text, alignment, needed=layout == "aligned")
    if layout != "aligned":
        return None
    tokens = aligner.tokens_of_frames(reference.text, reference.language, heard)
    if alignment is None or tokens is None:
        raise VoiceUnusable(
            name,
            "has a text that this checkpoint cannot say, or not in so short a wave. Write into its .json what is said in it,"
            " word by word.",
        )
    return torch.from_numpy(tokens)


def _judge(name: str, text: str, alignment: Alignment, needed: bool) -> None:
    if alignment.score < OTHER and alignment.understood >= UNDERSTOOD:
        wrong = f"does not say its text: something else is heard, and {alignment.score:.0%} of the text."
        if needed:
            raise VoiceUnusable(name, f"{wrong} Write into its .json what is said, word by word, or record that text.")
        logger.warning("the voice %s %s Write into its .json what is said, word by word.", name, wrong)
    elif not alignment.is_sure:
        logger.info("the aligner does not understand the voice %s well, so its text could not be checked", name)
    elif len(alignment.skipped) > 1 or alignment.extra:  # a lone "the" may just be said lightly
        missing = [f"{text[word.start : word.end]!r} is not heard" for word in alignment.skipped]
        besides = [f"something else is heard at {begin:.1f} s" for begin, _ in alignment.extra]
        logger.warning("the voice %s does not quite say its text: %s. Correct its .json.", name, ", ".join(missing + besides))
