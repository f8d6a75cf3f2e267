"""What can go wrong in the craft.

PipelineError
├── BadDocument     the input cannot be used; the user has to change it
├── Cancelled       the job was cancelled while this ran
└── ToolFailed      ffmpeg or another tool failed; worth another attempt
"""

from __future__ import annotations


class PipelineError(Exception):
    """`code` is stable and meant for programs; the message is a sentence that says what to do next."""

    code = "pipeline_error"
    retryable = False

    def __init__(self, message: str, *, code: str | None = None):
        super().__init__(message)
        if code is not None:
            self.code = code


class BadDocument(PipelineError):
    """The document cannot be used as it is."""

    code = "bad_document"


class Cancelled(PipelineError):
    """The cancel check said stop."""

    code = "cancelled"


class ToolFailed(PipelineError):
    """An outside program failed; the end of what it said is in the message."""

    code = "tool_failed"
    retryable = True
