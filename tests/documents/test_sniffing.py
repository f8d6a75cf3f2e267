from __future__ import annotations

import gzip
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from pipeline.documents import Limits, read
from pipeline.errors import BadDocument
from tests.documents.making import pdf_of


def refused(data: bytes, name: str | None, limits: Limits) -> BadDocument:
    with pytest.raises(BadDocument) as caught:
        read(data, name, limits)
    return caught.value


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "<x/>" * 100)
    return out.getvalue()


def picture(format: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, format)
    return out.getvalue()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b.txt", "C:\\x", "C:x", "..", "a\x00.txt", "a\nb", "a\u202etxt.exe", "a" * 256]
)
def test_a_name_that_is_a_path_or_holds_control_characters_is_refused(name: str, limits: Limits) -> None:
    error = refused(b"Hello there.", name, limits)
    assert error.code == "document_name_unsafe"
    assert "Send the bare name" in str(error)


@pytest.mark.parametrize("name", ["Báo cáo (2).pdf", "a.b.c.txt", "...md", ".hidden", "no extension", None, ""])
def test_an_ordinary_name_is_accepted(name: str | None, limits: Limits) -> None:
    assert read(b"Hello there.", name, limits).blocks[0].text == "Hello there."


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (zipped("a.txt"), "a.zip", "a ZIP archive"),
        (gzip.compress(b"text " * 100), "notes.txt", "a gzip archive, though its name ends in .txt"),
        (picture("PNG"), "report.pdf", "a PNG image, though its name ends in .pdf"),
        (picture("JPEG"), None, "a JPG image"),
        (b"{\\rtf1\\ansi Hello}", "a.txt", "an RTF document"),
        (b"<!DOCTYPE html>\n<html><p>Hi", "a.html", "an HTML page"),
        (b"%!PS-Adobe-3.0\n", "a.ps", "a PostScript file"),
        (b"<?xml version='1.0'?><a/>", "a.xml", "an XML file"),
        (b"\x7fELF\x02\x01\x01" + bytes(200), "a.md", "though its name ends in .md"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(100), "talk.wav", "a WAV recording"),
        (b"Hello\x00there", "a.txt", "neither PDF nor text"),
        (b"\x01\x02\x03\x04\x05 abc", "a.txt", "neither PDF nor text"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_document_is_refused_by_its_content(data: bytes, name: str | None, says: str, limits: Limits) -> None:
    error = refused(data, name, limits)
    assert error.code == "unsupported_type"
    assert says in str(error)


def test_a_word_document_is_named_as_one(limits: Limits) -> None:
    error = refused(zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml"), "letter.docx", limits)
    assert error.code == "unsupported_type"
    assert "a Word document" in str(error)


def test_a_pdf_is_read_as_one_whatever_its_name(limits: Limits) -> None:
    data = pdf_of([("text", "It is a PDF all the same.")])
    assert read(data, "notes.txt", limits).blocks[0].text == "It is a PDF all the same."
    assert read(b"junk before the header\n" + data, None, limits).blocks[0].text == "It is a PDF all the same."


def test_a_text_about_pdf_headers_is_text(limits: Limits) -> None:
    assert read(b"A PDF starts with %PDF-1.7 and a newline.", None, limits).blocks[0].text.startswith("A PDF starts")


def test_a_text_named_like_a_pdf_is_read_as_text(limits: Limits) -> None:
    assert read("Chỉ là chữ.".encode(), "a.pdf", limits).blocks[0].text == "Chỉ là chữ."


def test_a_text_that_begins_like_a_bitmap_is_text(limits: Limits) -> None:
    assert read(b"BM is how bitmaps begin, and this sentence too.", None, limits).blocks[0].text.startswith("BM is")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_in_every_encoding_that_says_what_it_is(encoding: str, limits: Limits) -> None:
    document = read("Xin chào Việt Nam.\r\nHẹn gặp lại.".encode(encoding), "a.txt", limits)
    assert [block.text for block in document.blocks] == ["Xin chào Việt Nam. Hẹn gặp lại."]


def test_text_that_is_not_utf_8_is_refused_with_the_offset_of_the_byte(limits: Limits) -> None:
    error = refused("Un café noir, s'il vous plaît.".encode("latin-1"), "a.txt", limits)
    assert error.code == "not_utf8"
    assert "byte 6 is 0xe9" in str(error)


def test_half_a_surrogate_pair_is_refused() -> None:
    from pipeline.documents import read_text

    with pytest.raises(BadDocument) as caught:
        read_text("half \ud83d", "plain", Limits(100, 1, 100))
    assert caught.value.code == "not_utf8"


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n ", b"\xef\xbb\xbf", b"---\n\n***\n", "\u200b\u00ad".encode()])
def test_a_document_without_a_word_is_empty(data: bytes, limits: Limits) -> None:
    assert refused(data, "a.md", limits).code == "document_empty"


def test_the_limits_of_bytes_and_characters_hold() -> None:
    assert refused(b"x" * 101, "a.txt", Limits(bytes=100, pages=1, characters=1000)).code == "document_too_large"
    assert refused("ơ".encode() * 40, "a.txt", Limits(bytes=100, pages=1, characters=39)).code == "document_too_long"
    assert read("ơ".encode() * 40, "a.txt", Limits(bytes=100, pages=1, characters=40)).blocks[0].text == "ơ" * 40


def test_markdown_is_told_from_plain_text_by_its_name_or_its_marks(limits: Limits) -> None:
    assert read(b"# One\n\nText.", "a.md", limits).blocks[0].kind == "heading"
    assert read(b"# One\n\nSome **bold** text.", "upload", limits).blocks[1].text == "Some bold text."
    assert read(b"# not a heading in plain text", "a.txt", limits).blocks[0].kind == "paragraph"


def test_random_bytes_are_refused_with_a_code_and_never_crash(limits: Limits) -> None:
    random = np.random.default_rng(7)
    for length in (1, 2, 5, 17, 300, 5000) * 10:
        data = random.bytes(length)
        if any(byte > 127 for byte in data):
            with pytest.raises(BadDocument) as caught:
                read(data, None, limits)
            assert caught.value.code in ("unsupported_type", "not_utf8")
