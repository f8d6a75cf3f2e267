"""What can go wrong on the serving side.

ServingError                  code, status (HTTP), message: what happened and what to do
├── BadRequest                400: a field of the request is wrong
│   ├── UnknownVoice          404: the checkpoint has no such voice
│   ├── NothingToSay          422: no character of the text can be spoken
│   └── TooLong               422: the passage takes more frames than one may
├── Overloaded                429: the queue is full; retry_after in seconds
├── SpeechFailed              500: the model failed on this passage
├── Expired                   504: the request's deadline passed before it was spoken
├── Stopping                  503: the process is going down
└── CheckpointError           500: the checkpoint cannot be used; stops the start
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


class UnknownVoice(BadRequest):
    code = "unknown_voice"
    status = 404


class NothingToSay(BadRequest):
    code = "nothing_to_say"
    status = 422


class TooLong(BadRequest):
    code = "passage_too_long"
    status = 422


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


class Stopping(ServingError):
    code = "stopping"
    status = 503


class CheckpointError(ServingError):
    code = "checkpoint_invalid"
