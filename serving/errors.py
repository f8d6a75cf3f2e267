"""What can go wrong on the serving side.

ServingError                  code, status (HTTP), message: what happened and what to do
├── BadRequest                400: a field of the request is wrong
│   ├── UnknownModel          404: this server has no such model
│   ├── UnknownVoice          404: the checkpoint has no such voice
│   ├── VoiceUnusable         422: the files of this voice cannot be used; others can
│   ├── NothingToSay          422: no character of the text can be spoken
│   └── TooLong               422: the passage takes more frames than one may
├── Overloaded                429: the queue is full; retry_after in seconds
├── SpeechFailed              500: the model failed on this passage
├── Expired                   504: the request's deadline passed before it was spoken
├── ModelsBusy                503: no room to load the model beside those in use
├── Stopping                  503: the process is going down
├── CheckpointError           500: the checkpoint cannot be used; stops the start
└── HubError                  a published checkpoint cannot be pulled; only the command line meets it
"""

from __future__ import annotations


class ServingError(Exception):
    """Base of all errors here. `code` is stable, `status` is the HTTP status it becomes."""

    code = "serving_error"
    status = 500

    def __init__(self, message: str, code: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status


class BadRequest(ServingError):
    code = "bad_request"
    status = 400


class UnknownModel(BadRequest):
    code = "unknown_model"
    status = 404


class UnknownVoice(BadRequest):
    code = "unknown_voice"
    status = 404


class VoiceUnusable(BadRequest):
    code = "voice_unusable"
    status = 422

    def __init__(self, voice: str, reason: str) -> None:
        """reason: goes on after the voice's name, and ends with what to do."""
        super().__init__(f"The voice {voice} {reason}")


class NothingToSay(BadRequest):
    code = "nothing_to_say"
    status = 422


class TooLong(BadRequest):
    code = "passage_too_long"
    status = 422

    @classmethod
    def told(cls, frames: int, room: int, frame_seconds: float) -> TooLong:
        """frames: that the speech takes. room: that fit after the reference of its voice."""
        return cls(
            f"The passage takes {frames} frames, at most {room} fit after this voice's reference"
            f" ({room * frame_seconds:.0f} s of speech). Split it at a sentence end or speak faster."
        )


class Overloaded(ServingError):
    code = "overloaded"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too much speech is waiting already. Send the passage again in {retry_after} s.")
        self.retry_after = retry_after


class SpeechFailed(ServingError):
    code = "speech_failed"


class Expired(ServingError):
    code = "deadline_exceeded"
    status = 504

    def __init__(self) -> None:
        super().__init__(
            "The passage was not spoken within the time that the request gave. Send it again with a longer"
            " timeout_seconds, or when less is waiting."
        )


class ModelsBusy(ServingError):
    code = "models_busy"
    status = 503


class Stopping(ServingError):
    code = "stopping"
    status = 503


class CheckpointError(ServingError):
    code = "checkpoint_invalid"


class HubError(ServingError):
    code = "hub_unreachable"
