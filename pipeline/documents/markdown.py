"""Markdown to blocks, without a mark left over."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

import yaml
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from pipeline.documents.characters import cleaned, one_line
from pipeline.documents.html import BREAKING, UNREAD, html_text
from pipeline.documents.model import Block

#: Longer front matter is no front matter; YAML is slow to read.
LONGEST_FRONT_MATTER = 10_000
#: Lists and quotes may lie this deep in one another; what lies deeper is not read.
DEEPEST_NESTING = 100
#: So may links, pictures and footnotes within a line. The parser looks ahead once for each level at every bracket, so this
#: bounds what a line of nothing but brackets costs.
DEEPEST_INLINE = 10

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_TASK = re.compile(r"\[[ xX]\]\s+")
#: Marks that Markdown left as text since they are unbalanced; a reader would hear "asterisk asterisk".
_LEFTOVERS = re.compile(r"\*{2,}|~~|`+|(?<!\w)__+|__+(?!\w)|^#{1,6}(?=\s)|\]\([^)\s]*\)?|!\[")
#: What other dialects put around a text: "[!NOTE]" before a callout, "{#name .class}" after a heading.
_DIALECTS = re.compile(r"^\[!\w{1,20}\][-+]? ?| ?\{[#.][^{}]{0,200}\}$")


def blocks_of(text: str) -> tuple[str | None, str | None, list[Block]]:
    """(title, language, blocks) of Markdown `text`; title and language come from its front matter, if it has any.

    Dropped: comments, HTML tags, footnotes and their references, rules, the addresses of links. Kept: the text of links,
    of HTML and of pictures (their alternative text).
    """
    metadata, body = _front_matter(cleaned(text))
    parser = (
        MarkdownIt("commonmark", {"html": True, "maxNesting": DEEPEST_NESTING})
        .enable(["table", "strikethrough"])
        .use(footnote_plugin)
    )
    parser.core.ruler.before("inline", "nest_less", _nest_less)
    blocks = _Walk(parser.parse(body)).blocks
    return _scalar(metadata, "title"), _scalar(metadata, "lang") or _scalar(metadata, "language"), blocks


def _nest_less(state: StateCore) -> None:
    """Lower the limit of nesting once the blocks are found. The parser is made for one text, so nobody else sees it."""
    state.md.options["maxNesting"] = DEEPEST_INLINE


def _scalar(metadata: dict, name: str) -> str | None:
    """A value as text. Lists are left alone: a few lines of YAML can hold one that is gigabytes when written out."""
    value = metadata.get(name)
    return str(value) if isinstance(value, str | int | float | datetime.date) else None


def _front_matter(text: str) -> tuple[dict, str]:
    """The front matter and what follows it. A rule at the top of a document is not taken for front matter."""
    match = _FRONT_MATTER.match(text)
    if match is None or len(match[1]) > LONGEST_FRONT_MATTER:
        return {}, text
    try:
        metadata = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, text
    return (metadata, text[match.end() :]) if isinstance(metadata, dict) else ({}, text)


class _Walk:
    """Goes through the tokens once and gathers blocks."""

    def __init__(self, tokens: Sequence[Token]):
        self.blocks: list[Block] = []
        self._lists = 0
        self._quotes = 0
        self._in_footnotes = False
        self._item_starts = False
        self._header: list[str] = []
        self._row: list[str] = []
        self._in_header = False
        self._heading: int | None = None
        self._in_table = False
        for token in tokens:
            self._take(token)

    def _take(self, token: Token) -> None:
        if token.type.startswith("footnote_block"):
            self._in_footnotes = token.nesting > 0
        if self._in_footnotes:
            return
        if token.type in ("bullet_list_open", "bullet_list_close", "ordered_list_open", "ordered_list_close"):
            self._lists += token.nesting
        elif token.type == "list_item_open":
            self._item_starts = True
        elif token.type in ("blockquote_open", "blockquote_close"):
            self._quotes += token.nesting
        elif token.type in ("heading_open", "heading_close"):
            self._heading = int(token.tag[1]) if token.nesting > 0 else None
        elif token.type in ("fence", "code_block"):
            self._add("code", cleaned(token.content).rstrip("\n"), 0)
        elif token.type == "html_block":
            self._add("paragraph", without_leftovers(html_text(token.content)), 0)
        elif token.type == "inline":
            self._inline(token.children or [])
        else:
            self._table(token)

    def _table(self, token: Token) -> None:
        if token.type in ("table_open", "table_close"):
            self._in_table, self._header = token.nesting > 0, []
        elif token.type in ("thead_open", "thead_close"):
            self._in_header = token.nesting > 0
        elif token.type == "tr_open":
            self._row = []
        elif token.type == "tr_close":
            if self._in_header:
                self._header = self._row
            else:
                self._add("table", row_text(self._header, self._row), 0)

    def _inline(self, children: list[Token]) -> None:
        text = without_leftovers(inline_text(children))
        if self._in_table:
            self._row.append(text)
        elif self._heading is not None:
            self._add("heading", text, self._heading)
        elif children and all(child.type in ("image", "softbreak", "link_open", "link_close") for child in children):
            for child in children:
                if child.type == "image":
                    self._add("image", without_leftovers(inline_text(child.children or [])), 0)
        elif self._item_starts:
            self._item_starts = False
            self._add("item", _TASK.sub("", text, count=1) if _TASK.match(text) else text, self._lists)
        else:
            self._add("quote" if self._quotes else "paragraph", text, 0)

    def _add(self, kind: str, text: str, level: int) -> None:
        if text:
            self.blocks.append(Block(kind, text, level))  # type: ignore[arg-type]


def without_leftovers(text: str) -> str:
    """`text` without marks that Markdown did not understand, such as a pair of asterisks that nothing closes."""
    return one_line(_LEFTOVERS.sub("", _DIALECTS.sub("", text)))


def row_text(header: Sequence[str], row: Sequence[str]) -> str:
    """A row of a table as "header: cell; header: cell", without empty cells."""
    names = [*header, *[""] * (len(row) - len(header))]
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, row, strict=False) if cell)


def inline_text(tokens: Sequence[Token]) -> str:
    """What a reader sees of inline tokens, in one line."""
    parts: list[str] = []
    unread = 0
    for token in tokens:
        if token.type == "html_inline":
            tag = re.match(r"<(/?)([a-zA-Z0-9]+)", token.content)
            name = tag[2].lower() if tag else ""
            if tag and name in UNREAD:
                unread = max(0, unread + (-1 if tag[1] else 1))
            if name in BREAKING:
                parts.append(" ")
        elif unread:
            continue
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif token.type == "image":
            parts.append(inline_text(token.children or []))
        elif token.type in ("text", "code_inline", "text_special"):
            parts.append(token.content)
    return one_line("".join(parts))
