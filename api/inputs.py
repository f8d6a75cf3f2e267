"""From what a client sent to what a job begins with: documents read, pictures verified, folders checked.

All of it happens before anything is stored, so that a bad input leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import io
import unicodedata
from pathlib import Path
from typing import Any, cast

from api.bodies import Body
from api.errors import ApiError, invalid_fields
from pipeline import documents
from pipeline.documents.model import Document, Limits
from pipeline.documents.sniffing import check_name
from pipeline.speech.language import detect_language
from pipeline.speech.passages import speakable
from pipeline.visuals.folder import images_in
from pipeline.visuals.images import read_image
from settings import Settings

#: The longest title that a job is listed under, in characters.
TITLE_LENGTH = 80
#: How much of a picture's name is kept, in characters; in UTF-8 it must fit into 255 bytes with what is added.
NAME_LENGTH = 40


def limits_of(settings: Settings) -> Limits:
    """The most that a document may be."""
    return Limits(bytes=settings.max_upload_bytes, pages=settings.max_pages, characters=settings.max_characters)


def digests(body: Body) -> dict[str, list[str]]:
    """The SHA-256 of every uploaded file, by field: with the plain fields, they tell whether two requests are the same."""
    found: dict[str, list[str]] = {}
    for name, files in sorted(body.files.items()):
        found[name] = []
        for file in files:
            found[name].append(hashlib.file_digest(cast(io.BytesIO, file.stream), "sha256").hexdigest())
            file.stream.seek(0)
    return found


def read_input(body: Body, fields: dict[str, Any], settings: Settings) -> Document:
    """The document that was sent, as a file or as text. Raises ApiError or PipelineError."""
    file = body.only("document")
    if (file is None) == ("text" not in fields):
        raise invalid_fields({"text": ["Send either text or a document."]})
    if file is None:
        require_words(fields["text"], fields["language"] or detect_language(fields["text"]))
        return documents.read_text(fields["text"], fields.get("text_format", "plain"), limits_of(settings))
    if "text_format" in fields:
        raise invalid_fields({"text_format": ["Goes with text; a document tells its format itself."]})
    # One byte more than is allowed is enough to learn that it is too much.
    return documents.read(file.stream.read(settings.max_upload_bytes + 1), file.filename, limits_of(settings))


def require_words(text: str, language: str) -> None:
    """Refuse a text in which there is nothing that a voice can say."""
    if not speakable(text, language):
        raise ApiError(
            "nothing_to_speak", "There are no words in this text. Send one with words; a scanned PDF needs OCR first."
        )


def read_pictures(body: Body) -> dict[str, bytes]:
    """The pictures that were sent, each verified, by the name they are kept under. Raises PipelineError.

    Their order is that of the names. What the user called them stays in there, as credits may show it.
    """
    pictures: dict[str, bytes] = {}
    for number, file in enumerate(body.files.get("images", []), start=1):
        check_name(file.filename)
        name, data = file.filename or "", file.stream.read()
        facts = read_image(data, name)
        pictures[f"{number:03d}-{Path(name).stem[:NAME_LENGTH]}.{facts.format.lower()}"] = data
    return pictures


def check_folder(image_folder: str, settings: Settings) -> str:
    """The folder relative to settings.media_root, after following every link. Raises ApiError unless it lies inside."""
    if settings.media_root is None:
        message = "This server lends no folder of pictures. Send the pictures themselves, or have VOXREEL_MEDIA_ROOT set."
        raise ApiError("image_folder_disabled", message)
    root = settings.media_root.resolve()
    try:
        folder = (root / image_folder).resolve()
        # Asked before whether it exists, so that nobody can feel around on the server's disk.
        if not folder.is_relative_to(root):
            raise _outside("image_folder")
        if not all(picture.resolve().is_relative_to(root) for picture in images_in(folder)):
            raise _outside("Every picture in image_folder")
    except (OSError, RuntimeError):  # a name too long, no right to look inside, links in a circle
        message = "This image folder cannot be opened; check the name, or leave it out to have cards drawn."
        raise ApiError("image_folder_missing", message) from None
    return folder.relative_to(root).as_posix()


def _outside(what: str) -> ApiError:
    message = f"{what} must lie inside the folder that the operator opened for pictures, links followed. Choose another."
    return ApiError("image_folder_outside", message)


def title_of(document: Document, text: str) -> str:
    """What the job is listed under: the document's title, or its first words. One line, without control characters."""
    source = document.title or text
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in source[: TITLE_LENGTH * 4])
    line = " ".join(visible.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"
