from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline

from pipeline.documents import Block, Document, Limits, read_text
from pipeline.documents.markdown import DEEPEST_INLINE

LIMITS = Limits(bytes=1_000_000, pages=1, characters=300_000)


def read_markdown(text: str) -> Document:
    return read_text(text, "markdown", LIMITS)


def blocks(text: str) -> list[tuple[str, str, int]]:
    return [(block.kind, block.text, block.level) for block in read_markdown(text).blocks]


def test_headings_of_both_styles_keep_their_levels() -> None:
    assert blocks("# One *two*\n\n### Three `four` ###\n\nFive\n====\n\nSix\n---\n") == [
        ("heading", "One two", 1),
        ("heading", "Three four", 3),
        ("heading", "Five", 1),
        ("heading", "Six", 2),
    ]


def test_nested_ordered_and_task_lists_become_items_with_their_depth() -> None:
    assert blocks("- a\n  1. b\n     - [x] c\n- [ ] d\n\n3. e\n") == [
        ("item", "a", 1),
        ("item", "b", 2),
        ("item", "c", 3),
        ("item", "d", 1),
        ("item", "e", 1),
    ]


def test_inline_marks_vanish_and_their_text_stays() -> None:
    assert blocks(
        "A **b** *c* ~~d~~ `e` [f](http://x.y 'z') <b>g</b> <https://h.i> &amp; \\*j\\* ![k *l*](m.png) n[^1]\n\n[^1]: o"
    ) == [("paragraph", "A b c d e f g https://h.i & *j* k l n", 0)]


def test_lines_are_joined_and_hard_breaks_are_spaces() -> None:
    assert blocks("one\ntwo  \nthree\\\nfour<br>five") == [("paragraph", "one two three four five", 0)]


def test_code_is_kept_apart_word_for_word() -> None:
    assert blocks("```python\nx = **y\n\nz\n```\n\n    indented\n") == [("code", "x = **y\n\nz", 0), ("code", "indented", 0)]


def test_every_row_of_a_table_is_a_block_with_its_headers() -> None:
    assert blocks("| City | *People* |\n|---|--:|\n| Huế | 1 `m` |\n| | 2 |\n| x \\| y |\n") == [
        ("table", "City: Huế; People: 1 m", 0),
        ("table", "People: 2", 0),
        ("table", "City: x | y", 0),
    ]


def test_quotes_pictures_and_html_are_told_apart() -> None:
    text = "> said *so*\n\n![A boat](b.png)\n\n<!-- no -->\n\n<div align=center>Hello <b>you</b><script>x()</script></div>\n\n"
    text += "<style>a{}</style>\n"
    assert blocks(text) == [("quote", "said so", 0), ("image", "A boat", 0), ("paragraph", "Hello you", 0)]


def test_front_matter_gives_title_and_language_and_is_not_read() -> None:
    document = read_markdown("---\ntitle: Về *Huế*\nlang: vi-VN\ntags: [a, b]\n---\nXin chào.\n")
    assert document == Document("Về *Huế*", "vi", (Block("paragraph", "Xin chào."),))


@pytest.mark.parametrize("top", ["---\nA first paragraph.\n\n---\n", "---\n[unclosed: {\n---\n", "---\n- a\n---\n"])
def test_a_rule_at_the_top_is_no_front_matter(top: str) -> None:
    assert any(word in read_markdown(top + "\nMore.").blocks[0].text for word in ("first", "unclosed", "a"))


def test_yaml_bombs_in_front_matter_are_harmless() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert read_markdown(f"---\n{bomb}title: *i\n---\nText.").blocks[-1].text == "Text."


def test_unbalanced_marks_leave_nothing_to_hear() -> None:
    assert blocks("A **b and `c and ~~d") == [("paragraph", "A b and c and d", 0)]
    assert "](" not in blocks("See [e](f")[0][1]


@pytest.mark.parametrize(
    "piece", ["*", "[", "`", "> ", "- ", "a**b", "![a](", "<a ", "_a ", "[^1]", "#", "<!--", "&#", "\\", "|a\n"]
)
def test_hostile_repetition_is_read_in_reasonable_time(piece: str) -> None:
    started = time.process_time()
    try:
        read_markdown("word\n\n" + piece * (60_000 // len(piece)))
    finally:
        assert time.process_time() - started < 30


@pytest.mark.parametrize("piece", ["x <![CDATA[", "^[a", "![x", "[a"])
def test_a_line_of_brackets_is_looked_through_a_bounded_number_of_times(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    look_past_one = ParserInline.skipToken

    def counted(parser: ParserInline, state: StateInline) -> None:
        nonlocal steps
        steps += 1
        look_past_one(parser, state)

    monkeypatch.setattr(ParserInline, "skipToken", counted)
    source = piece * 1000
    read_markdown(source)
    assert 0 < steps < 4 * DEEPEST_INLINE * len(source)


def test_marks_of_other_dialects_are_not_read() -> None:
    assert blocks("## Setup {#setup .wide}\n\n> [!NOTE]\n> Mind the gap.") == [
        ("heading", "Setup", 2),
        ("quote", "Mind the gap.", 0),
    ]
    assert blocks("Write {x} or [!] here") == [("paragraph", "Write {x} or [!] here", 0)]


def test_emphasis_links_and_pictures_lie_in_one_another() -> None:
    assert blocks("*a **b [c ![d](e.png) ~~f~~](g) h** i*") == [("paragraph", "a b c d f h i", 0)]


WORD = st.text("abcdeăâđêôơưáềộnghk", min_size=1, max_size=8)
WORDS = st.lists(WORD, min_size=1, max_size=6).map(" ".join)


def _inline(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        children.map("**{}**".format),
        children.map("*{}*".format),
        WORDS.map("`{}`".format),
        children.map("[{}](https://example.org/a_b)".format),
        WORDS.map("so ~~{}~~".format),
        WORDS.map("![{}](picture.png)".format),
        st.tuples(children, WORDS).map(" ".join),
    )


INLINE = st.recursive(WORDS, _inline, max_leaves=5)
BLOCK = st.one_of(
    st.tuples(st.integers(1, 6), INLINE).map(lambda pair: "#" * pair[0] + " " + pair[1]),
    INLINE,
    st.lists(INLINE, min_size=1, max_size=4).map(lambda items: "\n".join("- " + item for item in items)),
    st.lists(INLINE, min_size=1, max_size=4).map(lambda items: "\n".join(f"{n}. {item}" for n, item in enumerate(items, 1))),
    INLINE.map("> {}".format),
    st.lists(st.tuples(INLINE, INLINE), min_size=1, max_size=3).map(
        lambda rows: "| ka | kb |\n|---|---|\n" + "\n".join(f"| {a} | {b} |" for a, b in rows)
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(BLOCK, min_size=1, max_size=6))
def test_no_mark_is_left_and_no_word_is_lost(parts: list[str]) -> None:
    source = "\n\n".join(parts)
    texts = [block.text for block in read_markdown(source).blocks]
    for text in texts:
        assert not re.search(r"\*|`|~~|\]\(|\||^#|^[-+>]\s", text), text
    # Addresses go, header cells are repeated: what is left are the words as they were written.
    expected = re.sub(r"\]\([^)]*\)|\| ka \| kb \||\d+\. ", " ", source)
    heard = " ".join(re.sub(r"\bk[ab]: ", "", text) for text in texts)
    assert re.findall(r"[^\W\d_]+", heard) == re.findall(r"[^\W\d_]+", expected)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab #*_`~|-[](){}<>!&;:\\\n\t\"'0."), max_size=200))
def test_marks_in_any_order_never_crash_and_blocks_are_single_lines(source: str) -> None:
    found = read_markdown("word\n\n" + source).blocks
    assert found[0].text.startswith("word")
    for block in found:
        if block.kind != "code":
            assert block.text == " ".join(block.text.split())
            assert "**" not in block.text
            assert "`" not in block.text
