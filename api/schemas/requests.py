"""What a client may send. Fields that are not listed here are refused by name."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

#: The largest seed: the sampler takes 32 bits.
MAX_SEED = 2**32 - 1

SPEECH_FORMATS = ("wav", "mp3", "opus", "flac")
LANGUAGES = ("vi", "en")


#: Control characters but for white space: they mean nothing to a reader, and a NUL ends a string in many a program.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


def _one_of(*choices: str) -> validate.OneOf:
    return validate.OneOf(choices, error="Must be one of: {choices}.")


def _is_text(value: str) -> None:
    """Refuse binary data, and half of a surrogate pair (a lone \\ud800 in JSON), which cannot be written as UTF-8."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ma.ValidationError(f"Character {error.start} is half of a surrogate pair. Send whole characters.") from None
    control = _CONTROL.search(value)
    if control:
        code_point = f"U+{ord(control.group()):04X}"
        raise ma.ValidationError(f"Character {control.start()} is the control character {code_point}. Take it out.")


def _is_name(value: str) -> None:
    _is_text(value)
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise ma.ValidationError("Must not hold control characters.")


class WholeNumber(fields.Integer):
    """A whole number; a form sends it as digits, and 1.5 is not taken for 1."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
            value = int(value)
        if type(value) is not int:
            raise self.make_error("invalid")
        return value


class _Submission(ma.Schema):
    """What both kinds of job take. Exactly one of `text` and the file `document` is needed."""

    text = fields.String(validate=_is_text, metadata={"description": "The text. Either this or the file `document`."})
    voice = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 100), _is_name],
        metadata={"description": "Name of a voice (GET /v1/voices). Left out: the first voice for the language."},
    )
    language = fields.String(
        load_default=None,
        allow_none=True,
        validate=_one_of(*LANGUAGES),
        metadata={"description": "Language of the text. Left out: found in the text."},
    )
    speed = fields.Float(
        load_default=1.0,
        validate=validate.Range(0.5, 2.0, error="Must be from 0.5 to 2.0."),
        metadata={"description": "2.0 speaks twice as fast."},
    )
    seed = WholeNumber(
        load_default=0,
        validate=validate.Range(0, MAX_SEED, error=f"Must be a whole number from 0 to {MAX_SEED}."),
        metadata={"description": "The same seed and text give the same sound."},
    )


class SpeechRequest(_Submission):
    """A text to speak."""

    format = fields.String(
        load_default="mp3", validate=_one_of(*SPEECH_FORMATS), metadata={"description": "Format of the sound file."}
    )


class VideoRequest(_Submission):
    """A text to make a narrated, subtitled video of."""

    text_format = fields.String(
        validate=_one_of("plain", "markdown"), metadata={"description": "How `text` is written; plain when left out."}
    )
    resolution = fields.String(
        load_default="1080p", validate=_one_of("1080p", "720p"), metadata={"description": "Shorter side of the picture."}
    )
    aspect = fields.String(load_default="16:9", validate=_one_of("16:9", "9:16"), metadata={"description": "Width to height."})
    subtitles = fields.Boolean(
        load_default=True,
        metadata={"description": "Whether subtitles are drawn into the picture. SRT and VTT are made anyway."},
    )
    image_folder = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 1000), _is_name],
        metadata={"description": "A folder of pictures on the server, inside the folder that its operator opened for this."},
    )


_DOCUMENT = {"type": "string", "format": "binary", "description": "A text, Markdown or PDF file, told apart by content."}
_IMAGES = {
    "type": "array",
    "items": {"type": "string", "format": "binary"},
    "description": "Pictures to show, in order. Repeat the field for each.",
}


class SpeechForm(SpeechRequest):
    """The same with a file, as multipart/form-data."""

    document = fields.Raw(metadata=_DOCUMENT)


class VideoForm(VideoRequest):
    """The same with files, as multipart/form-data."""

    document = fields.Raw(metadata=_DOCUMENT)
    images = fields.Raw(metadata=_IMAGES)


class JobsQuery(ma.Schema):
    """Which jobs to list."""

    status = fields.String(validate=_one_of("queued", "running", "succeeded", "failed", "cancelled"))
    kind = fields.String(validate=_one_of("speech", "video"))
    limit = WholeNumber(load_default=50, validate=validate.Range(1, 200, error="Must be from 1 to 200."))
    cursor = fields.String(
        validate=[validate.Length(1, 500), _is_name], metadata={"description": "`next_cursor` of the page before."}
    )


class FileQuery(ma.Schema):
    """How to send a file."""

    download = fields.Boolean(
        load_default=False, metadata={"description": "1: ask the browser to save the file rather than to show it."}
    )


def body_of(json_schema: type[ma.Schema], form_schema: type[ma.Schema]) -> dict[str, Any]:
    """The OpenAPI request body of an address that takes JSON, or a form with files."""
    return {
        "required": True,
        "content": {"application/json": {"schema": json_schema}, "multipart/form-data": {"schema": form_schema}},
    }
