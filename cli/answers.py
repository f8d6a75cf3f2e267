"""What an answer of the server means for the user."""

from __future__ import annotations

import requests

from cli.errors import BadUse, CliError, Unreachable

#: Errors whose remedy is another for the command line than for programs.
_OURS = {
    "job_not_found": "There is no such job, or it belongs to another key. `voxreel jobs` lists yours.",
    "nothing_to_speak": "There are no words in this that a voice could say. Give some.",
}


def describe(response: requests.Response) -> CliError | None:
    """The error in `response`, or None where it holds none."""
    if response.status_code < 300 or response.status_code == 304:
        if response.status_code in (200, 202) and not response.headers.get("X-Request-Id"):
            return _not_voxreel(response)
        return None
    try:
        error = response.json()["error"]
        code, message, request_id = error["code"], error["message"], error.get("request_id")
        # The sentence about a voice lists the voices, and so does its field.
        fields = {} if code == "voice_unknown" else error.get("fields", {})
        details = "".join(f"\n  {field}: {_joined(what)}" for field, what in fields.items())
    except (ValueError, KeyError, TypeError, AttributeError):
        return _not_voxreel(response)
    if response.status_code >= 500:
        return Unreachable(f"{message} ({code}, request {request_id})")
    if response.status_code == 429:
        seconds = response.headers.get("Retry-After", "60")
        return Unreachable(f"The server takes no more requests of this key for now. Try again in {seconds} s. ({code})")
    return BadUse(f"{_OURS.get(code, message)} ({code}){details}")


def _joined(what: object) -> str:
    return " ".join(map(str, what)) if isinstance(what, list) else str(what)


def _not_voxreel(response: requests.Response) -> CliError:
    # A proxy says 502 or 503 while the server behind it restarts: worth another try. Anything else stays as it is.
    message = f"What answers at {response.url.split('/v1/')[0]} does not speak as Voxreel does (HTTP {response.status_code})."
    if response.status_code >= 500:
        return Unreachable(f"{message} Try again in a minute.")
    return BadUse(f"{message} Check VOXREEL_URL.")
