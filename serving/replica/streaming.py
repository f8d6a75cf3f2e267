"""Many passages in one request: spoken side by side, handed out in order, each as soon as it and those before it are there."""

from __future__ import annotations

import asyncio
import collections
import contextvars
import math
import time
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
    each other late, and who listens waits for the first. The model stays until the last.
    """
    ahead: collections.deque[asyncio.Task[Taken | ServingError]] = collections.deque()
    context = contextvars.copy_context()  # the ids for the log, which are no longer bound when the rest is spoken
    begun = 0
    async with speaker.shelf.borrowed(passages[0].model, deadline):
        try:
            for number in range(len(passages)):
                while begun < len(passages) and len(ahead) < min(WINDOW, number + 1):
                    outcome = _outcome(speaker, passages[begun], deadline, patient=begun > 0)
                    ahead.append(asyncio.create_task(outcome, context=context.copy()))
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
            left = math.inf if deadline is None else max(0.0, deadline - time.monotonic())
            await asyncio.sleep(min(failure.retry_after, left))
        except Exception as failure:
            return answers.foreseen(failure)
