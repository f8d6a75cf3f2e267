from __future__ import annotations

import unicodedata
import zlib
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipeline.documents import Limits, read
from pipeline.documents.layout import blocks_of
from pipeline.documents.pdf import Line, Page, PdfText, read_pdf
from pipeline.errors import BadDocument
from tests.documents.making import deflated, encrypted, of_one_stream, pdf_of, scanned
from tests.processes import running

LONG = (
    "The harbour wakes before the town does. Boats come in with the tide and their lamps still lit. "
    "On the quay the buyers wait in rubber boots and say very little until the first crates are open. "
)
VIETNAMESE = "Tiếng Việt có sáu thanh điệu. Người nghe phân biệt nghĩa của từ nhờ thanh điệu ấy."


def code_of(data: bytes, limits: Limits) -> str:
    with pytest.raises(BadDocument) as caught:
        read(data, None, limits)
    assert str(caught.value).endswith((".", ".)"))
    return caught.value.code


def outcome(data: bytes, limits: Limits) -> str:
    """ "read" or the code of the refusal; anything else is a crash."""
    try:
        read(data, None, limits)
    except BadDocument as error:
        return error.code
    return "read"


def texts(data: bytes, limits: Limits, kind: str) -> list[str]:
    return [block.text for block in read(data, None, limits).blocks if block.kind == kind]


def test_headings_have_levels_by_their_size_and_paragraphs_are_joined(limits: Limits) -> None:
    data = pdf_of(
        [
            ("title", "The Harbour"),
            ("text", LONG),
            ("heading", "Morning"),
            ("text", LONG),
            ("heading", "Evening"),
            ("text", LONG),
        ]
    )
    document = read(data, "a.pdf", limits)
    assert [(block.text, block.level) for block in document.blocks if block.kind == "heading"] == [
        ("The Harbour", 1),
        ("Morning", 2),
        ("Evening", 2),
    ]
    assert [block.text for block in document.blocks if block.kind == "paragraph"] == [LONG.strip()] * 3
    assert document.title == "The Harbour"


def test_bold_lines_of_their_own_are_headings(limits: Limits) -> None:
    assert texts(pdf_of([("bold", "Morning"), ("text", LONG), ("bold", "Evening"), ("text", LONG)]), limits, "heading") == [
        "Morning",
        "Evening",
    ]


def test_title_and_language_come_from_the_metadata_if_they_are_of_use(limits: Limits) -> None:
    document = read(
        pdf_of([("heading", "Chương một"), ("text", VIETNAMESE)], title="Tiếng nói", language="vi-VN"), None, limits
    )
    assert (document.title, document.language) == ("Tiếng nói", "vi")
    document = read(
        pdf_of([("heading", "Chapter one"), ("text", LONG)], title="Microsoft Word - a.docx", language="fr"), None, limits
    )
    assert (document.title, document.language) == ("Chapter one", None)


def test_vietnamese_text_comes_out_composed(limits: Limits) -> None:
    data = pdf_of([("text", VIETNAMESE), ("text", unicodedata.normalize("NFD", VIETNAMESE))])
    first, second = texts(data, limits, "paragraph")
    assert first == VIETNAMESE
    assert second == VIETNAMESE


def test_running_heads_and_page_numbers_vanish_and_paragraphs_go_on_over_pages(limits: Limits) -> None:
    clause = "clause number {} of one long sentence that goes on and on over three pages without a stop"
    long = "This is " + ", ".join(clause.format(number) for number in range(100)) + "."
    data = pdf_of([("text", long)], head="The Harbour, page {page}", foot="- {page} -")
    assert texts(data, limits, "paragraph") == [long]


@pytest.mark.parametrize("foot", ["{page}", "Page {page} of 9", "Trang {page}", "{page}/9", "[{page}]"])
def test_page_numbers_are_known_in_many_shapes(foot: str, limits: Limits) -> None:
    assert texts(pdf_of([("text", LONG)], foot=foot), limits, "paragraph") == [LONG.strip()]


def test_heads_that_change_with_the_chapter_are_known_by_their_page_number(limits: Limits) -> None:
    pages = [
        Page(0, 800, (Line(f"Chapter {number}: Tide {number + 7}", 10, 60, 780, False), Line(LONG, 11, 60, 700, False)))
        for number in range(1, 6)
    ]
    assert [block.text for block in blocks_of(PdfText(None, None, tuple(pages)))] == [LONG.strip()] * 5


def test_lines_in_typewriter_letters_are_code_unless_the_whole_document_is(limits: Limits) -> None:
    data = pdf_of([("text", LONG), ("code", "for boat in boats:\n    boat.sail()"), ("text", LONG)])
    kinds = [(block.kind, block.text) for block in read(data, None, limits).blocks]
    assert kinds == [("paragraph", LONG.strip()), ("code", "for boat in boats:\nboat.sail()"), ("paragraph", LONG.strip())]
    assert texts(pdf_of([("code", LONG)]), limits, "code") == []


def test_lines_of_a_table_of_contents_are_not_read(limits: Limits) -> None:
    data = pdf_of([("heading", "Contents"), ("lines", "Tides . . . . . . . . . 4\nBoats ........... 12"), ("text", LONG)])
    assert [block.text for block in read(data, None, limits).blocks] == ["Contents", LONG.strip()]


def test_ligatures_are_spelled_out_and_soft_hyphens_make_words_whole() -> None:
    lines = (
        Line("The o\ufb03ce is \ufb01ne and the light\u00ad", 11, 60, 700, False),
        Line("house \ufb02ashes.", 11, 60, 686, False),
    )
    assert [block.text for block in blocks_of(PdfText(None, None, (Page(0, 800, lines),)))] == [
        "The office is fine and the lighthouse flashes."
    ]


def test_a_year_in_the_text_is_no_page_number(limits: Limits) -> None:
    data = pdf_of([("text", LONG), ("lines", "2026"), ("text", LONG)])
    assert any("2026" in text for text in [block.text for block in read(data, None, limits).blocks])


def test_broken_words_are_made_whole_and_compounds_keep_their_hyphen(limits: Limits) -> None:
    lines = (
        "This docu-\nment tells of a well-\nknown town and of the fire-\nworks there, which the Anglo-\n"
        "Saxon part calls a co-\noperation. A cooperation it is, and the sea-\nside too; we like the sea-side of it."
    )
    (text,) = texts(pdf_of([("lines", lines)]), limits, "paragraph")
    assert text == (
        "This document tells of a well-known town and of the fireworks there, which the Anglo-Saxon part calls a "
        "cooperation. A cooperation it is, and the sea-side too; we like the sea-side of it."
    )


def test_bullets_and_numbers_become_items(limits: Limits) -> None:
    data = pdf_of(
        [("text", "You need three things:"), ("lines", "• a boat\n• a net that is neither too wide\n  nor too tight\n• luck")]
    )
    assert texts(data, limits, "item") == ["a boat", "a net that is neither too wide nor too tight", "luck"]


def test_an_encrypted_pdf_is_refused_and_one_with_only_an_owners_password_is_read(limits: Limits) -> None:
    data = pdf_of([("text", LONG)])
    assert code_of(encrypted(data, user_password="secret"), limits) == "pdf_encrypted"
    assert texts(encrypted(data, user_password=""), limits, "paragraph") == [LONG.strip()]


def test_a_scanned_pdf_is_refused_with_the_advice_to_recognise_its_text(limits: Limits) -> None:
    with pytest.raises(BadDocument, match=r"OCR") as caught:
        read(scanned(), None, limits)
    assert caught.value.code == "pdf_no_text"


def test_the_limits_of_pages_and_characters_hold() -> None:
    data = pdf_of([("text", LONG), ("page", ""), ("text", LONG), ("page", ""), ("text", LONG)])
    assert texts(data, Limits(bytes=1_000_000, pages=3, characters=1000), "paragraph") == [LONG.strip()] * 3
    assert code_of(data, Limits(bytes=1_000_000, pages=2, characters=10_000)) == "document_too_many_pages"
    assert code_of(data, Limits(bytes=1_000_000, pages=3, characters=300)) == "document_too_long"
    assert code_of(data, Limits(bytes=1_000_000, pages=3, characters=100)) == "document_too_long"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_truncated_pdf_is_refused_or_read_but_never_crashes(share: float, limits: Limits) -> None:
    data = pdf_of([("text", LONG * 5)])
    assert outcome(data[: int(len(data) * share)], limits) in ("read", "pdf_damaged", "pdf_no_text")


def test_pdfs_with_random_bytes_changed_are_refused_or_read_but_never_crash(limits: Limits) -> None:
    random = np.random.default_rng(11)
    whole = np.frombuffer(pdf_of([("text", LONG)]), dtype=np.uint8)
    for _ in range(8):
        data = whole.copy()
        data[random.integers(8, len(data), 60)] = random.integers(0, 256, 60)
        assert outcome(data.tobytes(), limits) in ("read", "pdf_damaged", "pdf_no_text", "pdf_encrypted", "pdf_too_much_memory")


def test_a_stream_that_inflates_to_gigabytes_is_stopped(limits: Limits) -> None:
    bomb = of_one_stream(deflated(bytes(1 << 20), 2048))
    assert len(bomb) < limits.bytes
    assert code_of(bomb, limits) == "pdf_too_much_memory"


def test_a_pdf_that_needs_too_much_memory_is_stopped_by_the_kernel(limits: Limits) -> None:
    many_objects = of_one_stream(deflated(b"[(a)(b)(c)(d)(e)(f)] TJ " * 1000, 1000))
    with pytest.raises(BadDocument) as caught:
        read_pdf(many_objects, limits, memory=200_000_000)
    assert caught.value.code == "pdf_too_much_memory"


def test_a_pdf_that_takes_too_long_is_stopped_and_leaves_no_process(limits: Limits) -> None:
    slow = of_one_stream(zlib.compress(b"BT /F1 12 Tf " + b"1 0 0 1 0 0 cm (a) Tj " * 2_000_000 + b"ET"))
    before = {child.pid for child in psutil.Process().children()}
    with pytest.raises(BadDocument) as caught:
        read_pdf(slow, limits, seconds=1.0)
    assert caught.value.code == "pdf_too_slow"
    assert not running("pdf_worker", psutil.Process().children(recursive=True))
    assert {child.pid for child in psutil.Process().children()} <= before, "not even its exit status is left behind"


def test_the_process_that_reads_pdfs_sees_no_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limits: Limits) -> None:
    spy = tmp_path / "spy.py"
    spy.write_text("import json, os\nprint(json.dumps({'title': ' '.join(os.environ), 'language': None, 'pages': []}))")
    monkeypatch.setattr("pipeline.documents.pdf._WORKER", spy)
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    assert "DATABASE_PASSWORD" not in (read_pdf(b"%PDF-1.7", limits).title or "")


def test_the_example_report_is_read_whole(limits: Limits) -> None:
    document = read((Path(__file__).parents[2] / "examples" / "report.pdf").read_bytes(), "report.pdf", limits)
    assert document.title == "How the Voice Was Kept"
    assert [block.text for block in document.blocks if block.kind == "heading"][1:] == [
        "A line on paper",
        "A voice that comes back",
        "Books for the ear",
        "Sound as numbers",
        "Machines that speak",
    ]
    spoken = " ".join(block.text for block in document.blocks)
    assert "was magnetised more" in spoken
    assert "American Foundation for the Blind worked" in spoken
    assert "A short history of recorded speech" not in spoken
    assert sum(block.kind == "item" for block in document.blocks) == 3
