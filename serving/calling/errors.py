"""What can go wrong when serving is called.

SpeechError              code, retryable, retry_after (seconds or None), message
├── SpeechRefused        the passage itself is wrong (4xx), or its model cannot be loaded; the same call will fail again
├── SpeechOverloaded     serving has too much to do (429, or no room for the model beside others); later will do
├── SpeechExpired        the call's own `timeout_seconds` ran out (504); with more time it may do
├── SpeechUnavailable    serving is down, restarting, too slow or answers nonsense; later will do
└── SpeechCancelled      the caller's `cancelled` said so; serving drops the passage
"""

from __future__ import annotations


class SpeechError(Exception):
    """Base of the client's errors. `code` is stable."""

    retryable = False

    def __init__(self, message: str, code: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.retry_after = retry_after


class SpeechRefused(SpeechError):
    pass


class SpeechOverloaded(SpeechError):
    retryable = True


class SpeechExpired(SpeechError):
    retryable = True


class SpeechUnavailable(SpeechError):
    retryable = True


class SpeechCancelled(SpeechError):
    pass


def error_for(status: int, code: str, message: str, retry_after: float | None = None) -> SpeechError:
    """The error that a status and a code of serving mean."""
    if status == 429 or code == "models_busy":
        return SpeechOverloaded(message, code, retry_after)
    if code == "deadline_exceeded":
        return SpeechExpired(message, code)
    if status >= 500 and not code.startswith("checkpoint_"):
        return SpeechUnavailable(message, code, retry_after)
    return SpeechRefused(message, code)


def worth_repeating(error: BaseException) -> bool:
    """Not where the call's time is over, nor where the model itself failed on the passage: that is for the caller to count."""
    return (
        isinstance(error, SpeechError)
        and error.retryable
        and not isinstance(error, SpeechExpired)
        and error.code != "speech_failed"
    )
