"""The door of the room: bytes or text in, a Document out, or a BadDocument that says what to do."""

from __future__ import annotations

import re
from typing import Literal

from pipeline.documents import layout, markdown, plain
from pipeline.documents.characters import has_words, one_line
from pipeline.documents.model import Block, Document, Limits
from pipeline.documents.pdf import PdfReader, PdfText, read_pdf, too_long
from pipeline.documents.sniffing import check_name, kind_of
from pipeline.errors import BadDocument

LONGEST_TITLE = 200
#: The share of characters without a meaning above which a PDF's fonts do not tell what their letters are.
MOST_UNKNOWN_CHARACTERS = 0.2

_UNKNOWN = re.compile("[\ufffd\ue000-\uf8ff]")
_NO_TITLE = re.compile(
    r"untitled.*|không có tiêu đề|document\d*|microsoft word.*|powerpoint presentation"
    r"|.*\.(docx?|pdf|tex|dvi|odt|indd|pptx?|txt|md)",
    re.IGNORECASE,
)


def read(data: bytes, filename: str | None, limits: Limits, pdf_reader: PdfReader = read_pdf) -> Document:
    """Read an upload. Its type is judged by its content; `filename` is only a hint.

    Raises BadDocument with one of these codes: document_empty, document_too_large, document_too_many_pages,
    document_too_long, document_name_unsafe, unsupported_type, not_utf8, pdf_encrypted, pdf_damaged, pdf_no_text,
    pdf_too_slow, pdf_too_much_memory. docs/documents.md says what each means.
    """
    check_name(filename)
    if len(data) > limits.bytes:
        raise BadDocument(
            f"This file has {len(data):,} bytes and at most {limits.bytes:,} are allowed. Send it in parts.",
            code="document_too_large",
        )
    if not data.strip(b" \t\r\n\x0b\x0c"):
        raise _empty()
    kind, text = kind_of(data, filename)
    if kind == "pdf":
        return _from_pdf(pdf_reader(data, limits), limits)
    return read_text(text, kind, limits)


def read_text(text: str, format: Literal["plain", "markdown"], limits: Limits) -> Document:
    """Read text that is already decoded. Raises BadDocument: document_empty, document_too_long, not_utf8."""
    if len(text) > limits.characters:
        raise too_long(limits)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadDocument(
            "This text holds half a surrogate pair, which stands for no character. Send it as well-formed UTF-8.",
            code="not_utf8",
        )
    if format == "markdown":
        title, language, blocks = markdown.blocks_of(text)
    else:
        title, language, blocks = None, None, plain.blocks_of(text)
    return _document(title, language, blocks)


def _from_pdf(pdf: PdfText, limits: Limits) -> Document:
    characters = "".join(line.text for page in pdf.pages for line in page.lines)
    if not has_words(characters):
        raise BadDocument(
            "This PDF holds no text, only pictures of pages, as a scan does. "
            "Run text recognition (OCR) over it first, for instance with OCRmyPDF, and send what comes out.",
            code="pdf_no_text",
        )
    if len(_UNKNOWN.findall(characters)) > MOST_UNKNOWN_CHARACTERS * len(characters):
        raise BadDocument(
            "This PDF's fonts do not tell which letters they draw, so its text cannot be had. "
            "Run text recognition (OCR) over it, or export it anew from the program that made it, and send what comes out.",
            code="pdf_no_text",
        )
    blocks = layout.blocks_of(pdf)
    if sum(len(block.text) for block in blocks) > limits.characters:
        raise too_long(limits)
    return _document(pdf.title, pdf.language, blocks)


def _document(title: str | None, language: str | None, blocks: list[Block]) -> Document:
    if not any(has_words(block.text) for block in blocks):
        raise _empty()
    title = one_line(title or "")
    if not title or len(title) > LONGEST_TITLE or _NO_TITLE.fullmatch(title):
        title = next((block.text for block in blocks if block.kind == "heading"), "")
    return Document(title or None, _known_language(language), tuple(blocks))


def _known_language(tag: str | None) -> str | None:
    """ "vi" or "en" for a language tag such as "vi-VN" or a name such as "English", else None."""
    primary = re.split(r"[-_\s]", (tag or "").strip().lower())[0]
    return {"vi": "vi", "vie": "vi", "vietnamese": "vi", "tiếng": "vi", "en": "en", "eng": "en", "english": "en"}.get(primary)


def _empty() -> BadDocument:
    return BadDocument("This document holds no text. Send one with at least a sentence in it.", code="document_empty")
