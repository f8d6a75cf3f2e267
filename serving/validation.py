"""Checking a request's body field by field. Nothing here needs the model."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, cast

from serving.errors import BadRequest
from serving.lanes import Priority

#: Bytes of a body; a passage of MAX_CHARACTERS takes at most 4 a character in UTF-8, 6 as JSON escapes.
MAX_BODY_BYTES = 64 * 1024
#: Characters of one passage. The limit in frames follows from the model; this one spares it absurd texts.
MAX_CHARACTERS = 4000
MAX_KEY_CHARACTERS = 200
SLOWEST, FASTEST = 0.5, 2.0
MAX_SEED = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class SpeakRequest:
    """A passage to be spoken, checked. Requests that differ in nothing but priority are spoken once."""

    key: str
    text: str = dataclasses.field(repr=False)
    voice: str
    speed: float
    seed: int
    priority: Priority


def parse(body: bytes) -> SpeakRequest:
    """Read a JSON body. Raises BadRequest: body_too_large, not_json, bad_key, bad_text, text_too_long, bad_voice,
    bad_speed, bad_seed, bad_priority."""
    if len(body) > MAX_BODY_BYTES:
        raise BadRequest(
            f"The body is larger than {MAX_BODY_BYTES} bytes. Split the text into passages.", "body_too_large", 413
        )
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}.", "not_json") from error
    if not isinstance(fields, dict):
        raise BadRequest("The body must be a JSON object with key, text, voice, speed and seed.", "not_json")
    return SpeakRequest(
        key=_string(fields, "key", MAX_KEY_CHARACTERS, "bad_key"),
        text=_text(fields),
        voice=_string(fields, "voice", MAX_KEY_CHARACTERS, "bad_voice"),
        speed=_speed(fields.get("speed", 1.0)),
        seed=_seed(fields.get("seed", 0)),
        priority=_priority(fields.get("priority", "high")),
    )


def _string(fields: dict[str, Any], name: str, longest: int, code: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest or not _well_formed(value):
        raise BadRequest(f"`{name}` must be a string of 1 to {longest} characters.", code)
    return value


def _text(fields: dict[str, Any]) -> str:
    text = fields.get("text")
    if not isinstance(text, str) or not text.strip():
        raise BadRequest("`text` must be a string with something to say.", "bad_text")
    if len(text) > MAX_CHARACTERS:
        raise BadRequest(f"`text` has {len(text)} characters, at most {MAX_CHARACTERS} fit. Split it.", "text_too_long", 422)
    if not _well_formed(text):
        raise BadRequest("`text` holds half of a surrogate pair. Send well-formed Unicode.", "bad_text")
    return text


def _well_formed(text: str) -> bool:
    """JSON can spell half of a surrogate pair, which is no character and cannot be written as UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _speed(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not SLOWEST <= value <= FASTEST:  # false for NaN too
        raise BadRequest(f"`speed` must be a number from {SLOWEST} to {FASTEST}.", "bad_speed")
    return float(value)


def _seed(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_SEED:
        raise BadRequest("`seed` must be an integer from 0 to 2**63 - 1.", "bad_seed")
    return value


def _priority(value: Any) -> Priority:
    if value not in ("high", "low"):
        raise BadRequest('`priority` must be "high" or "low".', "bad_priority")
    return cast(Priority, value)
