"""How speech and errors look on the wire."""

from __future__ import annotations

import logging
from typing import Any

from starlette.responses import JSONResponse

from serving.alignment.alignment import Alignment
from serving.errors import BadRequest, Overloaded, ServingError
from serving.replica.speaking import Taken

MSGPACK = "application/msgpack"

logger = logging.getLogger(__name__)


def spoken(taken: Taken) -> dict[str, Any]:
    """The fields of a spoken passage, for msgpack. samples: float32, little-endian. heard: null where nobody listened."""
    sound = taken.spoken.sound
    return {
        "rate": sound.rate,
        "samples": sound.samples.astype("<f4").tobytes(),
        "character_ends": taken.times.character_ends,
        "timing": taken.times.timing,
        "frames": sound.frames,
        "batch": taken.spoken.batch,
        "take": taken.take,
        "seed": taken.seed,
        "heard": _heard(taken.heard) if taken.heard else None,
    }


def _heard(found: Alignment) -> dict[str, Any]:
    return {
        "score": round(found.score, 3),
        "skipped": [(word.start, word.end) for word in found.skipped],
        "extra": found.extra,
    }


def error(failure: ServingError) -> dict[str, Any]:
    """What went wrong, for JSON or msgpack."""
    return {"code": failure.code, "message": failure.message}


def foreseen(failure: Exception) -> ServingError:
    """The failure itself or, where nobody foresaw it, what may be told of it. Notes in the log what is not the caller's."""
    if not isinstance(failure, ServingError):
        logger.error("a request broke", exc_info=failure)
        return ServingError("Something unforeseen happened; see serving's log.", "internal_error")
    if not isinstance(failure, BadRequest):
        logger.warning("a request was not served", extra={"code": failure.code, "status": failure.status})
    return failure


def failed(failure: ServingError) -> JSONResponse:
    headers = {"Retry-After": str(failure.retry_after)} if isinstance(failure, Overloaded) else {}
    return JSONResponse({"error": error(failure)}, failure.status, headers)
