"""What an upload is, judged by its bytes. A file name is only a hint between plain text and Markdown."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import Literal

import filetype

from pipeline.errors import BadDocument

Kind = Literal["pdf", "markdown", "plain"]

#: A PDF's header may stand this many bytes into the file; readers in use accept that.
PDF_HEADER_WITHIN = 1024
#: The share of control characters above which something is no text.
MOST_CONTROL_CHARACTERS = 0.01
LONGEST_NAME = 255

_WANTED = "Send a PDF, a Markdown file or plain text in UTF-8."
_BIDIRECTIONAL = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NAMES = {
    "zip": ("a ZIP archive", "Unpack it and send the document inside."),
    "gz": ("a gzip archive", "Unpack it and send the document inside."),
    "tar": ("a TAR archive", "Unpack it and send the document inside."),
    "7z": ("a 7-Zip archive", "Unpack it and send the document inside."),
    "rar": ("a RAR archive", "Unpack it and send the document inside."),
    "docx": ("a Word document", "Save it as PDF and send that."),
    "doc": ("an old Word document", "Save it as PDF and send that."),
    "odt": ("an OpenDocument text", "Save it as PDF and send that."),
    "xlsx": ("an Excel workbook", "Save it as PDF and send that."),
    "pptx": ("a PowerPoint presentation", "Save it as PDF and send that."),
    "epub": ("an EPUB book", "Convert it to PDF or Markdown and send that."),
    "rtf": ("an RTF document", "Save it as PDF and send that."),
    "html": ("an HTML page", "Print it to PDF, or save its text, and send that."),
    "xml": ("an XML file", _WANTED),
    "ps": ("a PostScript file", "Convert it to PDF and send that."),
}
_TEXT_FORMATS = (
    ("rtf", re.compile(rb"\s*\{\\rtf")),
    ("ps", re.compile(rb"\s*%!PS")),
    ("html", re.compile(rb"\s*(<!--.{0,400}?-->\s*)?(<!doctype\s+html|<html[\s>])", re.IGNORECASE | re.DOTALL)),
    ("xml", re.compile(rb"\s*<(\?xml\s|svg[\s>])", re.IGNORECASE)),
)
_MARKS = (
    re.compile(r"^#{1,6} \S", re.MULTILINE),
    re.compile(r"(\*\*|__)\S[^\n]*?\S?\1"),
    re.compile(r"\[[^\]\n]+\]\([^)\s]+[^)\n]*\)"),
    re.compile(r"^(```|~~~)", re.MULTILINE),
    re.compile(r"^\|?\s*:?-{3,}:?\s*\|", re.MULTILINE),
    re.compile(r"\A---\n(?:[^\n]*\n){1,40}?---\n"),
    re.compile(r"(?<!`)`[^`\n]+`(?!`)"),
    re.compile(r"^> \S", re.MULTILINE),
)


def check_name(filename: str | None) -> None:
    """Raise BadDocument("document_name_unsafe") for a name that is a path or holds control characters."""
    if not filename:
        return
    control = any(unicodedata.category(character) in ("Cc", "Cs") or character in _BIDIRECTIONAL for character in filename)
    path = "/" in filename or "\\" in filename or filename in (".", "..") or re.match(r"[A-Za-z]:", filename)
    if control or path or len(filename) > LONGEST_NAME:
        problem = (
            "holds control characters" if control else "is a path" if path else f"is longer than {LONGEST_NAME} characters"
        )
        raise BadDocument(
            f"The file name {problem}. Send the bare name of the file, such as report.pdf, or none.",
            code="document_name_unsafe",
        )


def kind_of(data: bytes, filename: str | None) -> tuple[Kind, str]:
    """(kind, text) of `data`; the text is "" for a PDF.

    Raises BadDocument: unsupported_type for what is neither PDF nor text, not_utf8 for text in another encoding.
    """
    if _is_pdf(data):
        return "pdf", ""
    for extension, pattern in _TEXT_FORMATS:
        if pattern.match(data[:2048]):
            raise _unsupported(filename, *_NAMES[extension])
    text = _decoded(data, filename)
    named_markdown = (filename or "").lower().endswith((".md", ".markdown", ".mdown"))
    return ("markdown" if named_markdown or looks_like_markdown(text) else "plain"), text


def looks_like_markdown(text: str) -> bool:
    """Whether marks of at least two sorts, or one sort three times, stand in the first part of `text`."""
    counts = [sum(1 for _ in pattern.finditer(text[:20_000])) for pattern in _MARKS]
    return sum(count > 0 for count in counts) >= 2 or max(counts) >= 3


def _is_pdf(data: bytes) -> bool:
    head = data[:PDF_HEADER_WITHIN]
    if head.lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith(b"%PDF-"):
        return True
    # An article about the format may name the header; a PDF also has objects.
    return b"%PDF-" in head and re.search(rb"\d+\s+\d+\s+obj\b", data) is not None


def _decoded(data: bytes, filename: str | None) -> str:
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and len(data) % 2 == 0:
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if _known_type(data) or _is_binary(data):
            raise _unsupported(filename, *_described(data)) from None
        byte = data[min(error.start, len(data) - 1)]
        raise BadDocument(
            f"This text is not UTF-8: byte {error.start} is 0x{byte:02x}, which cannot stand there. "
            "Save the file as UTF-8 and send it again.",
            code="not_utf8",
        ) from None
    controls = sum(unicodedata.category(character) == "Cc" and character not in "\t\n\r\x0b\x0c\x85" for character in text)
    if "\x00" in text or controls > MOST_CONTROL_CHARACTERS * len(text):
        raise _unsupported(filename, *_described(data))
    return text


def _is_binary(data: bytes) -> bool:
    controls = sum(byte < 32 and byte not in b"\t\n\r\x0b\x0c" for byte in data[:4096])
    return b"\x00" in data or controls > MOST_CONTROL_CHARACTERS * min(len(data), 4096)


def _known_type(data: bytes) -> str | None:
    kind = filetype.guess(data[:8192])
    return kind.extension if kind else None


def _described(data: bytes) -> tuple[str, str]:
    kind = filetype.guess(data[:8192])
    if kind is None:
        return "neither PDF nor text", _WANTED
    if kind.extension in _NAMES:
        return _NAMES[kind.extension]
    noun = {"image": "image", "audio": "recording", "video": "video", "font": "font"}.get(kind.mime.split("/")[0], "file")
    name = kind.extension.upper()
    article = "an" if name[0] in "AEFHILMNORSX" else "a"
    return f"{article} {name} {noun}", _WANTED


def _unsupported(filename: str | None, description: str, advice: str) -> BadDocument:
    extension = filename.rpartition(".")[2].lower() if filename and "." in filename else ""
    if extension in ("pdf", "md", "markdown", "txt"):
        message = f"This is {description}, though its name ends in .{extension}. {advice}"
    else:
        message = f"This is {description}. {advice}"
    return BadDocument(message, code="unsupported_type")
