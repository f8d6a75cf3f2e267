"""A PDF's lines, got from a process of its own that has little memory, little time and no secrets."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from pipeline.documents.model import Limits
from pipeline.errors import BadDocument

_WORKER = Path(__file__).with_name("pdf_worker.py")


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of a page.

    size: height of its letters in points. x, y: where it starts, in points, y upwards. mono: in typewriter letters.
    """

    text: str
    size: float
    x: float
    y: float
    bold: bool
    mono: bool = False


@dataclasses.dataclass(frozen=True)
class Page:
    """Lines in the order in which the page draws them. bottom, height: of the page, in points."""

    bottom: float
    height: float
    lines: tuple[Line, ...]


@dataclasses.dataclass(frozen=True)
class PdfText:
    """What a PDF says of itself and its lines."""

    title: str | None
    language: str | None
    pages: tuple[Page, ...]


PdfReader = Callable[[bytes, Limits], PdfText]

_MESSAGES = {
    "pdf_encrypted": "This PDF is locked with a password. Save it without the password and send it again.",
    "pdf_damaged": "This PDF is damaged and cannot be read. Open it in a PDF viewer, print it anew to a PDF and send that.",
    "pdf_too_slow": "This PDF takes too long to read. Print it anew to a PDF, or send it in parts, or send its text.",
    "pdf_too_much_memory": "This PDF unpacks to far more than a document needs. Print it anew to a PDF, or send its text.",
}


def read_pdf(data: bytes, limits: Limits, *, seconds: float = 60.0, memory: int = 1 << 30) -> PdfText:
    """The lines of the PDF in `data`.

    seconds: of wall clock, and of CPU, that reading may take. memory: bytes of address space that it may take.
    Raises BadDocument: pdf_encrypted, pdf_damaged, pdf_too_slow, pdf_too_much_memory, document_too_many_pages,
    document_too_long.
    """
    # Files rather than pipes: nothing has to be pumped, so a plain wait with a deadline is enough in any thread.
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as result:
        source.write(data)
        source.seek(0)
        status = _run_worker(source, result, limits, seconds, memory)
        result.seek(0)
        answer = _parsed(result.read(), status)
    if "error" in answer:
        raise _refusal(answer["error"], answer["detail"], limits)
    pages = tuple(
        Page(page["bottom"], page["height"], tuple(Line(*line) for line in page["lines"])) for page in answer["pages"]
    )
    return PdfText(answer["title"], answer["language"], pages)


def _run_worker(source: IO[bytes], result: IO[bytes], limits: Limits, seconds: float, memory: int) -> int:
    """Run the worker to its end or its deadline; its exit status, negative for a signal as subprocess has it."""
    numbers = (memory, int(seconds) + 1, limits.pages, limits.characters * 2)
    process = subprocess.Popen(
        [sys.executable, "-I", str(_WORKER), *map(str, numbers)],
        stdin=source,
        stdout=result,
        stderr=subprocess.DEVNULL,
        env={"LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise _refusal("pdf_too_slow", "", limits) from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _parsed(output: bytes, status: int) -> dict:
    if status == -signal.SIGXCPU:
        return {"error": "pdf_too_slow", "detail": ""}
    if status in (-signal.SIGKILL, -signal.SIGXFSZ):
        return {"error": "pdf_too_much_memory", "detail": ""}
    try:
        return json.loads(output)
    except ValueError:
        # It died without a word: of too little memory for even an exception, or of a fault in a library.
        return {"error": "pdf_damaged", "detail": f"exit status {status}"}


def _refusal(code: str, detail: str, limits: Limits) -> BadDocument:
    if code == "document_too_many_pages":
        return BadDocument(
            f"This PDF has {detail} pages and at most {limits.pages} are allowed. Send it in parts.",
            code="document_too_many_pages",
        )
    if code == "document_too_long":
        return too_long(limits)
    message = _MESSAGES[code]
    return BadDocument(f"{message} (Reading it ended with {detail}.)" if detail else message, code=code)


def too_long(limits: Limits) -> BadDocument:
    """The refusal of a text with too many characters."""
    return BadDocument(
        f"This document has more than the {limits.characters:,} characters of text that are allowed. Send it in parts.",
        code="document_too_long",
    )
