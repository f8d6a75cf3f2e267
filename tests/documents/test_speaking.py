from __future__ import annotations

from pipeline.documents import Block, Document, spoken_text


def document(*blocks: Block) -> Document:
    return Document(None, None, blocks)


def test_headings_items_and_rows_are_ended_and_paragraphs_stay_as_they_are() -> None:
    told = document(
        Block("heading", "The Sea", 1),
        Block("heading", "Is it wide?", 2),
        Block("paragraph", "It is wide"),
        Block("item", "salt", 1),
        Block("item", "water;", 1),
        Block("quote", "So it is."),
        Block("table", "Depth: 4 km"),
    )
    assert spoken_text(told) == "The Sea.\n\nIs it wide?\n\nIt is wide\n\nsalt.\n\nwater;\n\nSo it is.\n\nDepth: 4 km."


def test_code_pictures_and_blocks_without_a_word_are_not_spoken() -> None:
    assert (
        spoken_text(
            document(Block("code", "x = 1"), Block("image", "A boat"), Block("paragraph", "***"), Block("paragraph", "Hi."))
        )
        == "Hi."
    )


def test_a_document_survives_json() -> None:
    told = Document("Biển", "vi", (Block("heading", "Biển", 1), Block("paragraph", "Rộng.")))
    assert Document.from_json(told.to_json()) == told
