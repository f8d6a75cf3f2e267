"""The process that opens a PDF, apart from everything else, since a PDF may be hostile.

It reads a PDF on standard input and writes one JSON object to standard output, either
    {"title", "language", "pages": [{"bottom", "height", "lines": [[text, size, x, y, bold, mono], ...]}]}
with sizes in points and y upwards, or {"error": code, "detail": what happened}. It limits its own memory, CPU time and
output before it reads a byte, and imports nothing of ours, so that it runs by its path in an interpreter that takes
nothing from its surroundings.

Use: python -I pdf_worker.py MEMORY_BYTES CPU_SECONDS MAX_PAGES MAX_CHARACTERS
"""

from __future__ import annotations

import io
import json
import logging
import math
import resource
import sys
from typing import Any

#: Bytes of JSON that may be written for each allowed character of text: six for an escape, and the numbers of its line.
OUTPUT_BYTES_PER_CHARACTER = 64
LEAST_OUTPUT_BYTES = 1 << 20
#: Characters of a title or language that are of any use.
LONGEST_METADATA = 400


class TooManyCharacters(Exception):
    """The text is longer than allowed; there is no use in reading on."""


def limit_resources(memory: int, cpu_seconds: int, output: int) -> None:
    """Let the kernel stop this process at so many bytes of address space, seconds of CPU and bytes of output."""
    if sys.platform != "darwin":  # macOS knows this limit and refuses to set it; pypdf's own limits remain
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class LineCollector:
    """Gathers the lines of one page from what pypdf's text visitor is shown, with the place and size of each."""

    def __init__(self) -> None:
        self.lines: list[list] = []
        self._pieces: list[tuple[str, float, float, float, bool, bool]] = []

    def visit(self, text: str, page_matrix: list[float], text_matrix: list[float], font: Any, size: float) -> None:
        """One stretch of text. Its newlines end lines; pypdf hands those over apart from the text."""
        _, _, c, d, e, f = _product(text_matrix, page_matrix)
        height = abs(size or 0) * math.hypot(c, d)
        name = str(font.get("/BaseFont", "")) if font else ""
        mono = any(word in name.lower() for word in ("courier", "mono", "consol", "typewriter", "cmtt"))
        bold = any(word in name.lower() for word in ("bold", "black", "heavy", "semibold", "-bd"))
        for number, piece in enumerate(text.split("\n")):
            if number:
                self.end_line()
            if piece:
                self._pieces.append((piece, height, e, f, bold, mono))

    def end_line(self) -> None:
        """Close the line under way."""
        solid = [piece for piece in self._pieces if piece[0].strip()]
        if solid:
            weight = sum(len(piece[0]) for piece in solid)
            size = sum(piece[1] * len(piece[0]) for piece in solid) / weight
            bold, mono = all(piece[4] for piece in solid), all(piece[5] for piece in solid)
            text = "".join(piece[0] for piece in self._pieces)
            self.lines.append([text, round(size, 2), round(solid[0][2], 1), round(solid[0][3], 1), bold, mono])
        self._pieces = []


def _product(first: list[float], second: list[float]) -> tuple[float, ...]:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def read(data: bytes, max_pages: int, max_characters: int) -> dict:
    """The lines of every page, or the error that stops it."""
    import pypdf
    from pypdf.errors import FileNotDecryptedError

    reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        return {"error": "pdf_encrypted", "detail": ""}
    try:
        count = len(reader.pages)
    except FileNotDecryptedError:
        return {"error": "pdf_encrypted", "detail": ""}
    if count > max_pages:
        return {"error": "document_too_many_pages", "detail": str(count)}
    pages: list[dict] = []
    characters = 0
    for page in reader.pages:
        collector = LineCollector()
        page.extract_text(visitor_text=collector.visit)
        collector.end_line()
        characters += sum(len(line[0]) for line in collector.lines)
        if characters > max_characters:
            raise TooManyCharacters
        box = page.mediabox
        pages.append({"bottom": float(box.bottom), "height": float(box.height), "lines": collector.lines})
    return {"title": _title(reader), "language": _language(reader), "pages": pages}


def _title(reader: Any) -> str | None:
    title = reader.metadata.title if reader.metadata else None
    return str(title)[:LONGEST_METADATA] if title else None


def _language(reader: Any) -> str | None:
    language = reader.trailer["/Root"].get("/Lang")
    return str(language)[:LONGEST_METADATA] if language else None


def main() -> None:
    """Read, and say what came of it; what pypdf makes of a damaged file may be any exception."""
    memory, cpu_seconds, max_pages, max_characters = (int(argument) for argument in sys.argv[1:5])
    limit_resources(memory, cpu_seconds, max(LEAST_OUTPUT_BYTES, max_characters * OUTPUT_BYTES_PER_CHARACTER))
    logging.disable(logging.CRITICAL)
    try:
        answer = json.dumps(read(sys.stdin.buffer.read(), max_pages, max_characters))
    except MemoryError:
        answer = '{"error": "pdf_too_much_memory", "detail": ""}'
    except TooManyCharacters:
        answer = '{"error": "document_too_long", "detail": ""}'
    except Exception as error:
        limit = type(error).__name__ == "LimitReachedError"
        answer = json.dumps({"error": "pdf_too_much_memory" if limit else "pdf_damaged", "detail": type(error).__name__})
    sys.stdout.write(answer)


if __name__ == "__main__":
    main()
