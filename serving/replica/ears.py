"""Listening to what was spoken, beside those who speak."""

from __future__ import annotations

import asyncio
import logging
import weakref
from concurrent.futures import Future, ThreadPoolExecutor

from serving.alignment.aligner import Aligner
from serving.alignment.alignment import Alignment
from serving.engine import Sound

logger = logging.getLogger(__name__)


class Ears:
    """One thread listens for all callers of a replica, and to each sound once: what is remembered or has several waiters is
    the same sound. Its methods belong to the event loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "ears")
        self._heard: weakref.WeakKeyDictionary[Sound, Future[Alignment | None]] = weakref.WeakKeyDictionary()

    async def listen(self, aligner: Aligner | None, sound: Sound, text: str, language: str) -> Alignment | None:
        """How the text lies on the sound, which was spoken for it. None without an aligner, or where it hears nothing."""
        if aligner is None:
            return None
        if sound not in self._heard:
            self._heard[sound] = self._thread.submit(_listen, aligner, sound, text, language)
        # Whoever leaves must not stop it for the others.
        return await asyncio.shield(asyncio.wrap_future(self._heard[sound]))


def _listen(aligner: Aligner, sound: Sound, text: str, language: str) -> Alignment | None:
    try:
        return aligner.align(text, language, aligner.hear(sound.samples, sound.rate))
    except Exception:
        # The speech is there and good; only its times will be rougher.
        logger.exception("a passage could not be listened to", extra={"frames": sound.frames})
        return None
