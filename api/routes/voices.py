"""GET /v1/voices."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from api.context import context
from api.errors import ApiError
from api.schemas.responses import VoicesSchema

blueprint = Blueprint("voices", __name__, url_prefix="/v1", description="The voices there are")


@blueprint.route("/voices", methods=["GET"])
@blueprint.response(200, VoicesSchema)
def list_voices() -> dict[str, Any]:
    """The voices that can speak, and the checkpoint they belong to."""
    answer = context().voices.latest()
    if answer is None:
        message = "The serving application does not answer, so its voices are not known. Try again in a few seconds."
        raise ApiError("serving_unavailable", message, headers={"Retry-After": "5"})
    return answer
