"""Many passages in one request: spoken side by side, handed out in order, each as soon as it and those before it are there."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import AsyncGenerator, Sequence

from serving.errors import NothingToSay, Overloaded, ServingError, SpeechFailed, TooLong
from serving.replica import answers
from serving.replica.speaking import Speaker, Taken
from serving.replica.validation import SpeakRequest

#: Passages of one request that are spoken or wait at a time. A long text fills a batch, but not the queue.
WINDOW = 8

#: A passage with its number, from 0, or why it was not spoken.
Outcome = tuple[int, Taken | ServingError]


async def stream(speaker: Speaker, passages: Sequence[SpeakRequest], deadline: float | None) -> AsyncGenerator[Outcome]:
    """What becomes of each passage, in order. Closing it, or being cancelled, leaves those that are under way.

    The first is spoken alone and each that is handed out lets one more run ahead: passages that share a processor make
    each other late, and who listens waits for the first.
    """
    ahead: collections.deque[asyncio.Task[Taken | ServingError]] = collections.deque()
    begun = 0
    try:
        for number in range(len(passages)):
            while begun < len(passages) and len(ahead) < min(WINDOW, number + 1):
                ahead.append(asyncio.create_task(_outcome(speaker, passages[begun], deadline, patient=begun > 0)))
                begun += 1
            yield number, await ahead[0]
            ahead.popleft()
    finally:
        for task in ahead:
            task.cancel()


def is_about_all(outcome: Outcome) -> bool:
    """Whether this is a failure that the other passages would meet too, and not one of this passage."""
    return isinstance(outcome[1], ServingError) and not isinstance(outcome[1], NothingToSay | TooLong | SpeechFailed)


async def _outcome(speaker: Speaker, asked: SpeakRequest, deadline: float | None, patient: bool) -> Taken | ServingError:
    """patient: wait for room in a full queue, as somebody listens already."""
    while True:
        try:
            return await speaker.speak(asked, deadline)
        except Overloaded as failure:
            if not patient:
                return failure
            await asyncio.sleep(failure.retry_after)
        except Exception as failure:
            return answers.foreseen(failure)
