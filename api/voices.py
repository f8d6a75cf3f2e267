"""The voices there are, as the serving application tells them, remembered for a minute."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from api.errors import ApiError
from serving.client import SpeechClient, SpeechError

log = logging.getLogger(__name__)

#: Seconds to wait for serving's answer; a submit must not hang on it.
VOICES_SECONDS = 3.0
#: Seconds for which an answer is believed.
FRESH_SECONDS = 60.0
#: Seconds for which serving is not asked again after it did not answer, so that submits stay quick while it is away.
AWAY_SECONDS = 5.0


class VoiceList:
    """Asks serving for its voices, at most once a minute. May be used by many threads."""

    def __init__(self, client: SpeechClient):
        self._client = client
        self._lock = threading.Lock()
        self._answer: dict[str, Any] | None = None
        self._ask_again_at = 0.0

    def latest(self) -> dict[str, Any] | None:
        """What serving said last ({"checkpoint": ..., "voices": [...]}); None when it never answered this process."""
        # One thread asks; the others wait for it only where there is no older answer to go by.
        if self._lock.acquire(blocking=self._answer is None):
            try:
                if time.monotonic() >= self._ask_again_at:
                    self._ask()
            finally:
                self._lock.release()
        return self._answer

    def _ask(self) -> None:
        try:
            self._answer = self._client.voices()
        except SpeechError as error:
            self._ask_again_at = time.monotonic() + AWAY_SECONDS
            log.warning("serving did not tell its voices", extra={"code": error.code})
        else:
            self._ask_again_at = time.monotonic() + FRESH_SECONDS

    def check(self, voice: str | None) -> None:
        """Refuse a voice that serving does not have. When serving never answered, the worker will check."""
        answer = self.latest() if voice is not None else None
        if answer is None:
            return
        names = sorted(known["name"] for known in answer["voices"])
        if voice not in names:
            message = f"There is no such voice. The voices are: {', '.join(names)}."
            raise ApiError("voice_unknown", message, fields={"voice": [f"Must be one of: {', '.join(names)}."]})
