"""Real files for the tests of documents, made on the spot."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import pypdf
from fpdf import FPDF

FONTS = Path(__file__).parents[2] / "pipeline" / "video" / "fonts"


class PrintedPdf(FPDF):
    """A PDF with a running head above and a page number below each page, if asked for."""

    def __init__(self, head: str = "", foot: str = ""):
        super().__init__()
        self._head, self._foot = head, foot
        self.add_font("Voxreel", "", str(FONTS / "VoxreelSans-Regular.otf"))
        self.add_font("Voxreel", "B", str(FONTS / "VoxreelSans-SemiBold.otf"))
        self.set_auto_page_break(True, margin=25)
        self.set_top_margin(25)

    def header(self) -> None:
        if self._head:
            self.set_font("Voxreel", "", 8)
            self.set_y(10)
            self.cell(0, 5, self._head.format(page=self.page_no()))
            self.set_y(25)

    def footer(self) -> None:
        if self._foot:
            self.set_font("Voxreel", "", 8)
            self.set_y(-15)
            self.cell(0, 5, self._foot.format(page=self.page_no()), align="C")


def pdf_of(parts: Sequence[tuple[str, str]], head: str = "", foot: str = "", title: str = "", language: str = "") -> bytes:
    """A PDF of parts (style, text).

    Styles: "title", "heading", "bold", "text", "lines" (no space after), "code", or "page" for a new page.
    """
    pdf = PrintedPdf(head, foot)
    if title:
        pdf.set_title(title)
    if language:
        pdf.set_lang(language)
    pdf.add_page()
    for style, text in parts:
        if style == "page":
            pdf.add_page()
            continue
        size = {"title": 20, "heading": 15}.get(style, 11)
        if style == "code":
            pdf.set_font("Courier", "", size)
        else:
            pdf.set_font("Voxreel", "B" if style == "bold" else "", size)
        pdf.multi_cell(0, size * 0.5, text, align="L", new_x="LMARGIN", new_y="NEXT")
        if style != "lines":
            pdf.ln(4)
    return bytes(pdf.output())


def encrypted(data: bytes, user_password: str) -> bytes:
    """`data` locked with AES-256."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    writer.encrypt(user_password=user_password, owner_password="the owner's", algorithm="AES-256")
    return _written(writer)


def scanned() -> bytes:
    """A PDF of one page that draws a grey square and holds no text."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_fill_color(200)
    pdf.rect(20, 20, 100, 100, style="F")
    return bytes(pdf.output())


def of_one_stream(stream: bytes) -> bytes:
    """A PDF of one page whose content is `stream`, which is zlib data."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def deflated(piece: bytes, times: int) -> bytes:
    """zlib data that inflates to `piece` so many times, made without holding it whole."""
    compressor = zlib.compressobj(1)
    packed = bytearray()
    for _ in range(times):
        packed += compressor.compress(piece)
    return bytes(packed + compressor.flush())


def _written(writer: pypdf.PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
