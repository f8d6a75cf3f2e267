"""Reading the body of a submission, strictly: what is broken, doubled or not understood is refused, never guessed."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import flask
import marshmallow as ma
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from api.errors import ApiError, invalid_fields

#: What the parts of a form may need around the files themselves: headers, boundaries, the other fields. Bytes.
FORM_OVERHEAD = 1_048_576


class _StrictFormParser(FormDataParser):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **{**kwargs, "silent": False})


class Request(flask.Request):
    """A request whose broken forms raise ValueError; Flask's own would come out empty."""

    form_data_parser_class = _StrictFormParser


@dataclasses.dataclass(frozen=True)
class Body:
    """A body that was read: its plain fields, and its files by the name of their field."""

    fields: dict[str, Any]
    files: dict[str, list[FileStorage]]

    def only(self, name: str) -> FileStorage | None:
        """The file of the field `name`, if there is one."""
        return next(iter(self.files.get(name, [])), None)


def read_body(max_json_bytes: int, max_files: dict[str, int]) -> Body:
    """The body of the request being worked on: a JSON object, or a form with at most `max_files` files of each name.

    Raises ApiError: body_broken, too_large, unsupported_media_type, invalid_request.
    """
    request = flask.request
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ApiError("unsupported_media_type", "Send the body as it is, without Content-Encoding.")
    if request.is_json:
        return Body(_parse_json(_read_at_most(min(max_json_bytes, request.max_content_length or max_json_bytes))), {})
    if request.mimetype == "multipart/form-data":
        return _parse_form(max_files)
    message = "Send the fields as application/json, or as multipart/form-data where files go with them."
    raise ApiError("unsupported_media_type", message, headers={"Accept-Post": "application/json, multipart/form-data"})


def load(schema: ma.Schema, body: Body) -> dict[str, Any]:
    """The fields of `body`, checked by `schema`. Raises ApiError invalid_request naming every wrong field."""
    try:
        return schema.load(body.fields)
    except ma.ValidationError as error:
        raise invalid_fields(error.normalized_messages()) from None


def _read_at_most(limit: int) -> bytes:
    request = flask.request
    request.max_content_length = limit + 1
    data = request.get_data(cache=False)
    # Of a body without Content-Length, Werkzeug hands over as much as it may read and says nothing of the rest.
    if len(data) > limit:
        raise RequestEntityTooLarge
    return data


def _parse_json(data: bytes) -> dict[str, Any]:
    def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            raise invalid_fields({name: ["Is there more than once."] for name in found if names.count(name) > 1})
        return found

    def no_constant(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    try:
        parsed = json.loads(data.decode("utf-8"), object_pairs_hook=no_duplicates, parse_constant=no_constant)
    except UnicodeDecodeError as error:
        raise ApiError("body_broken", f"The body is not UTF-8: byte {error.start} is wrong. Send it as UTF-8.") from None
    except RecursionError:
        raise ApiError("body_broken", "The JSON is nested too deeply. Send one flat object.") from None
    except ValueError as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ApiError("body_broken", f"The body is not JSON{where}. Correct it and send it again.") from None
    if not isinstance(parsed, dict):
        raise ApiError("body_broken", 'The body must be a JSON object, such as {"text": "..."}.')
    return parsed


def _parse_form(max_files: dict[str, int]) -> Body:
    request = flask.request
    try:
        form, uploads = request.form, request.files
    except ValueError:
        raise ApiError("body_broken", "The form is broken or ends early. Send it again as multipart/form-data.") from None
    wrong: dict[str, list[str]] = {}
    for name, values in form.lists():
        if name in max_files:
            wrong[name] = ["Must be a file: give it a file name."]
        elif len(values) > 1:
            wrong[name] = ["Is there more than once."]
        elif "\N{REPLACEMENT CHARACTER}" in values[0]:
            wrong[name] = ["Is not UTF-8, or holds the replacement character U+FFFD."]
    files = {name: [file for file in found if file.filename] for name, found in uploads.lists()}
    for name, found in files.items():
        if name not in max_files:
            wrong[name] = ["Unknown field."]
        elif name == "images" and len(found) > max_files[name]:
            raise ApiError("images_too_many", f"There are {len(found)} images; this server takes {max_files[name]} at most.")
        elif len(found) > max_files[name]:
            wrong[name] = [f"There are {len(found)} files; send {max_files[name]}."]
    if wrong:
        raise invalid_fields(wrong)
    return Body({name: values[0] for name, values in form.lists()}, files)
