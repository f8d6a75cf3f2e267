from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.documents import Block, Document, Limits, read, read_text
from pipeline.errors import BadDocument
from pipeline.script.extractive import LONGEST_SCENE, ExtractiveWriter
from pipeline.script.model import Script
from pipeline.script.sentences import sentences_of

LIMITS = Limits(bytes=1_000_000, pages=50, characters=300_000)
EXAMPLES = Path(__file__).parents[2] / "examples"
SENTENCE = "The {} boat of the harbour brought {} crates of silver fish to the busy market before dawn."


def markdown(text: str) -> Document:
    return read_text(text, "markdown", LIMITS)


def prose(start: int, count: int) -> str:
    return " ".join(SENTENCE.format(f"number {number}", number * 7) for number in range(start, start + count))


def narrated(script: Script) -> list[str]:
    paragraphs = [paragraph for scene in script.scenes for paragraph in scene.narration.split("\n\n")]
    return [sentence for paragraph in paragraphs for sentence in sentences_of(paragraph)]


def is_extract(sentence: str, document: Document) -> bool:
    """Whether a sentence stands in a block, save a full stop that was added to end it."""
    return any(
        sentence in block.text or sentence.removesuffix(".") == block.text[-len(sentence) + 1 :] for block in document.blocks
    )


@pytest.mark.parametrize(
    ("name", "language", "scenes"), [("voxreel.md", "en", 4), ("viet-nam.md", "vi", 3), ("report.pdf", "en", 5)]
)
def test_the_examples_become_well_shaped_scripts(name: str, language: str, scenes: int) -> None:
    document = read((EXAMPLES / name).read_bytes(), name, LIMITS)
    script = ExtractiveWriter().write(document, language)
    assert (script.title, script.language, len(script.scenes)) == (document.title, language, scenes)
    assert script.scenes[0].title == document.title
    for scene in script.scenes:
        assert 200 <= len(scene.narration) <= LONGEST_SCENE
        assert 2 <= len(scene.key_phrases) <= 5
        assert all(phrase in scene.narration and len(phrase) <= 40 for phrase in scene.key_phrases)
    assert all(is_extract(sentence, document) for sentence in narrated(script))


def test_scripts_are_the_same_each_time_and_survive_json() -> None:
    document = read((EXAMPLES / "voxreel.md").read_bytes(), None, LIMITS)
    script = ExtractiveWriter(500).write(document, "en")
    assert script == ExtractiveWriter(500).write(document, "en")
    assert Script.from_json(script.to_json()) == script


def test_a_short_document_is_narrated_whole_in_its_order() -> None:
    document = markdown(f"# A\n\n{prose(0, 3)}\n\n## B\n\n{prose(3, 4)}\n\n- one more thing\n- and another")
    whole = [*sentences_of(prose(0, 7)), "one more thing.", "and another."]
    assert narrated(ExtractiveWriter().write(document, "en")) == whole


def test_a_long_document_is_cut_to_the_target_with_sentences_of_every_section_in_order() -> None:
    text = "\n\n".join(f"## Part {part}\n\n{prose(part * 100, 40)}" for part in range(5))
    document = markdown(text)
    script = ExtractiveWriter(4000).write(document, "en")
    told = narrated(script)
    assert 3200 <= sum(len(scene.narration) for scene in script.scenes) <= 4000
    assert all(is_extract(sentence, document) for sentence in told)
    numbers = [int(found[1]) for sentence in told if (found := re.search(r"number (\d+)", sentence))]
    assert numbers == sorted(numbers)
    assert {number // 100 for number in numbers} == {0, 1, 2, 3, 4}


def test_a_long_section_becomes_several_scenes_of_about_equal_length() -> None:
    script = ExtractiveWriter().write(markdown(f"# Boats\n\n{prose(0, 12)}\n\n{prose(12, 12)}"), "en")
    assert [scene.title for scene in script.scenes] == ["Boats", "Boats (2)", "Boats (3)"]
    assert all(500 <= len(scene.narration) <= LONGEST_SCENE + 100 for scene in script.scenes)


def test_tiny_sections_are_merged_and_their_headings_told() -> None:
    document = markdown(
        "# Words\n\n## Ebb\n\nThe tide goes out.\n\n## Flood\n\nThe tide comes in.\n\n## Slack\n\nThe tide stands still."
    )
    (scene,) = ExtractiveWriter().write(document, "en").scenes
    assert scene.title == "Words"
    assert scene.narration.split("\n\n") == [
        "The tide goes out.",
        "Flood.",
        "The tide comes in.",
        "Slack.",
        "The tide stands still.",
    ]


def test_a_document_without_headings_gets_titles_of_its_own() -> None:
    script = ExtractiveWriter().write(read_text(f"{prose(0, 14)}\n\n{prose(50, 12)}", "plain", LIMITS), "en")
    assert len(script.scenes) >= 2
    assert script.title == script.scenes[0].title
    assert all(3 <= len(scene.title) <= 64 for scene in script.scenes)


def test_a_single_sentence_a_word_and_a_heading_alone_are_enough() -> None:
    for text, narration in (("Hello there.", "Hello there."), ("Hello", "Hello."), ("# Only a heading", "Only a heading.")):
        script = ExtractiveWriter().write(markdown(text), "en")
        assert [scene.narration for scene in script.scenes] == [narration]
        assert script.title


def test_code_large_tables_and_bare_addresses_are_not_narrated() -> None:
    rows = "".join(f"| row {number} | {number} |\n" for number in range(20))
    text = f"Read this page. https://example.org/a\n\n```\nsecret_code()\n```\n\n| a | b |\n|---|---|\n{rows}\nThat was all."
    assert narrated(ExtractiveWriter().write(markdown(text), "en")) == ["Read this page.", "That was all."]


def test_a_small_table_is_narrated_row_by_row() -> None:
    told = narrated(ExtractiveWriter().write(markdown("Depths:\n\n| Sea | Depth |\n|---|---|\n| North Sea | 95 m |\n"), "en"))
    assert told == ["Depths:", "Sea: North Sea; Depth: 95 m."]


@pytest.mark.parametrize(
    "blocks", [(), (Block("code", "x = 1"),), (Block("paragraph", "https://example.org"),), (Block("image", "A boat"),)]
)
def test_a_document_with_nothing_to_tell_is_refused(blocks: tuple[Block, ...]) -> None:
    with pytest.raises(BadDocument) as caught:
        ExtractiveWriter().write(Document(None, None, blocks), "en")
    assert caught.value.code == "nothing_to_tell"


def test_text_without_a_full_stop_is_still_told_in_scenes_that_end() -> None:
    document = read_text("word and word, " * 20_000, "plain", LIMITS)
    script = ExtractiveWriter().write(document, "en")
    assert 0 < sum(len(scene.narration) for scene in script.scenes) <= 9000
    assert all(len(scene.narration) <= 2 * LONGEST_SCENE for scene in script.scenes)


BLOCKS = st.builds(
    Block,
    st.sampled_from(["heading", "paragraph", "item", "quote", "table", "code", "image"]),
    st.text(st.sampled_from('abc ABC đ.,?!:;-12()"/'), min_size=1, max_size=200)
    .map(lambda text: " ".join(text.split()))
    .filter(bool),
    st.integers(1, 3),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(BLOCKS, max_size=12).map(tuple), st.sampled_from(["vi", "en"]), st.integers(50, 2000))
def test_any_document_gives_a_sound_script_or_a_refusal(blocks: tuple[Block, ...], language: str, target: int) -> None:
    document = Document(None, None, blocks)
    try:
        script = ExtractiveWriter(target).write(document, language)
    except BadDocument:
        assert not any(block.kind in ("heading", "paragraph") and re.search(r"[^\W\d_]{2}", block.text) for block in blocks)
        return
    assert script.title
    for scene in script.scenes:
        assert scene.title
        assert re.search(r"[^\W\d_]", scene.narration)
        assert len(set(scene.key_phrases)) == len(scene.key_phrases) <= 5
        assert all(phrase in scene.narration for phrase in scene.key_phrases)
