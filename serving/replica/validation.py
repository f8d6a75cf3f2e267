"""Checking a request's body field by field. Nothing here needs the model."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, cast

from serving.batching.lanes import Priority
from serving.characters import well_formed
from serving.errors import BadRequest

#: Bytes of a body; a passage of MAX_CHARACTERS takes at most 4 a character in UTF-8, 6 as JSON escapes.
MAX_BODY_BYTES = 64 * 1024
#: The same for a stream, and how many passages it may have.
MAX_STREAM_BYTES, MAX_PASSAGES = 1024 * 1024, 256
#: Characters of one passage. The limit in frames follows from the model; this one spares it absurd texts.
MAX_CHARACTERS = 4000
MAX_KEY_CHARACTERS = 200
MAX_TENANT_CHARACTERS = 100
SLOWEST, FASTEST = 0.5, 2.0
MAX_SEED = 2**63 - 1
MAX_STEPS = 128
MAX_GUIDANCE = 10.0
SHORTEST_TIMEOUT, LONGEST_TIMEOUT = 0.1, 3600.0
MAX_TAKES = 8


@dataclasses.dataclass(frozen=True)
class SpeakRequest:
    """A passage to be spoken, checked.

    sampling: what the request says of it, as (name of a field of Sampling, value); the checkpoint says the rest.
    timeout_seconds: after how long the passage is of no use any more, or None. tenant: on whose behalf it is asked for.
    model: name of a checkpoint, None for the default one. takes: how many are spoken, of which the best is answered.
    listen: whether it is to be told what was heard.
    """

    key: str
    text: str = dataclasses.field(repr=False)
    voice: str
    speed: float
    seed: int
    priority: Priority
    sampling: tuple[tuple[str, float | None], ...] = ()
    timeout_seconds: float | None = None
    tenant: str = ""
    model: str | None = None
    takes: int = 1
    listen: bool = False


def parse(body: bytes) -> SpeakRequest:
    """Read a JSON body. Raises BadRequest: body_too_large, not_json, text_too_long, or bad_<field>."""
    fields = _object(body, MAX_BODY_BYTES)
    return _passage(fields, _text(fields.get("text")))


def parse_stream(body: bytes) -> list[SpeakRequest]:
    """Read the JSON body of a stream: the same, with `passages`, a list of texts, for `text`. Raises BadRequest as `parse`
    does, and bad_passages."""
    fields = _object(body, MAX_STREAM_BYTES)
    texts = fields.get("passages")
    if not isinstance(texts, list) or not 0 < len(texts) <= MAX_PASSAGES:
        raise BadRequest(f"`passages` must be a list of 1 to {MAX_PASSAGES} texts.", "bad_passages")
    return [_passage(fields, _text(text)) for text in texts]


def _passage(fields: dict[str, Any], text: str) -> SpeakRequest:
    return SpeakRequest(
        key=_string(fields, "key", MAX_KEY_CHARACTERS),
        text=text,
        voice=_string(fields, "voice", MAX_KEY_CHARACTERS),
        speed=_number(fields, "speed", SLOWEST, FASTEST) if "speed" in fields else 1.0,
        seed=_integer(fields, "seed", 0, MAX_SEED) if "seed" in fields else 0,
        priority=_priority(fields.get("priority", "high")),
        sampling=_sampling(fields),
        timeout_seconds=_timeout(fields),
        tenant=_string(fields, "tenant", MAX_TENANT_CHARACTERS, shortest=0) if "tenant" in fields else "",
        model=_string(fields, "model", MAX_KEY_CHARACTERS) if fields.get("model") is not None else None,
        takes=_integer(fields, "takes", 1, MAX_TAKES) if "takes" in fields else 1,
        listen=_flag(fields, "listen"),
    )


def _object(body: bytes, most: int) -> dict[str, Any]:
    if len(body) > most:
        raise BadRequest(f"The body is larger than {most} bytes. Send less text at a time.", "body_too_large", 413)
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}.", "not_json") from error
    if not isinstance(fields, dict):
        raise BadRequest("The body must be a JSON object with key, text, voice, speed and seed.", "not_json")
    return fields


def _string(fields: dict[str, Any], name: str, longest: int, shortest: int = 1) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not shortest <= len(value) <= longest or not well_formed(value):
        raise BadRequest(f"`{name}` must be a string of {shortest} to {longest} characters.", f"bad_{name}")
    return value


def _text(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise BadRequest("`text` must be a string with something to say.", "bad_text")
    if len(text) > MAX_CHARACTERS:
        raise BadRequest(f"`text` has {len(text)} characters, at most {MAX_CHARACTERS} fit. Split it.", "text_too_long", 422)
    if not well_formed(text):
        raise BadRequest("`text` holds half of a surrogate pair. Send well-formed Unicode.", "bad_text")
    return text


def _number(fields: dict[str, Any], name: str, lowest: float, highest: float) -> float:
    value = fields[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not lowest <= value <= highest:  # false for NaN too
        raise BadRequest(f"`{name}` must be a number from {lowest:g} to {highest:g}.", f"bad_{name}")
    return float(value)


def _integer(fields: dict[str, Any], name: str, lowest: int, highest: int) -> int:
    value = fields[name]
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise BadRequest(f"`{name}` must be an integer from {lowest} to {highest}.", f"bad_{name}")
    return value


def _flag(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f"`{name}` must be true or false.", f"bad_{name}")
    return value


def _priority(value: Any) -> Priority:
    if value not in ("high", "low"):
        raise BadRequest('`priority` must be "high" or "low".', "bad_priority")
    return cast(Priority, value)


def _sampling(fields: dict[str, Any]) -> tuple[tuple[str, float | None], ...]:
    """What the request says of sampling. A sway of null means times without sway, which is not the same as no `sway`."""
    said: list[tuple[str, float | None]] = []
    if "steps" in fields:
        said.append(("steps", _integer(fields, "steps", 1, MAX_STEPS)))
    if "cfg_strength" in fields:
        said.append(("cfg_strength", _number(fields, "cfg_strength", 0.0, MAX_GUIDANCE)))
    if "sway" in fields:
        said.append(("sway_sampling_coef", _number(fields, "sway", -1.0, 1.0) if fields["sway"] is not None else None))
    return tuple(said)


def _timeout(fields: dict[str, Any]) -> float | None:
    if fields.get("timeout_seconds") is None:
        return None
    return _number(fields, "timeout_seconds", SHORTEST_TIMEOUT, LONGEST_TIMEOUT)
