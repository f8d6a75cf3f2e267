"""Narrations of known text with made-up times: every word lasts as long as its letters want, commas and sentences pause."""

from __future__ import annotations

import re

from pipeline.speech.model import Timing

ENGLISH = (
    "Have you ever wondered why it rains? Water rises from the warm sea, cools high above the ground, and gathers into clouds "
    "(tiny drops, each lighter than a hair). No. Yes. When the drops grow too heavy for the air to hold, they fall — and that "
    "is rain."
)
VIETNAMESE = (
    "Bạn có bao giờ tự hỏi vì sao trời mưa không? Nước bốc hơi từ mặt biển ấm, lên cao thì gặp lạnh, rồi ngưng tụ thành những "
    "đám mây gồm hàng tỉ giọt nước nhỏ li ti. Khi các giọt nước trở nên quá nặng để không khí giữ được, chúng rơi xuống, và đó "
    "chính là mưa."
)


def narrate(text: str, speed: float = 15.0, pause: float = 0.35) -> tuple[list[Timing], list[Timing]]:
    """Words and sentences of `text`; `speed` in characters a second, `pause` in seconds between sentences."""
    now, words, sentences = 0.1, [], []
    for match in re.finditer(r"\S.*?(?:[.!?]+[”\")]*(?=\s|$)|$)", text, re.DOTALL):
        began = now
        for word in re.finditer(r"[^\W_]+(?:['’][^\W_]+)?", match.group()):
            end = now + (len(word.group()) + 1) / speed
            words.append(Timing(word.group(), match.start() + word.start(), now, end))
            now = end + (0.15 if match.group()[word.end() : word.end() + 1] in (",", ";") else 0.0)
        sentences.append(Timing(match.group(), match.start(), began, now))
        now += pause
    return words, sentences
