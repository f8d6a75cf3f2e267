"""Plain text to blocks. There are no marks to go by, so a heading is only what can hardly be anything else."""

from __future__ import annotations

import re

from pipeline.documents.characters import cleaned, one_line
from pipeline.documents.model import Block

LONGEST_HEADING = 80

_BULLET = re.compile(r"(\s*)[-*+•◦▪‣–·]\s+(?=\S)")
_NUMBER = re.compile(r"(\s*)(?:\d{1,2}[.)]|\(\d{1,2}\))\s+(?=\S)")
_UNDERLINE = re.compile(r"\s*(={3,}|-{3,}|~{3,})\s*")
_RULE = re.compile(r"\s*([-=*_~#])(?:\s*\1){2,}\s*")
_QUOTED = re.compile(r"\s*>+\s?")
_CHAPTER = re.compile(
    r"(?:chapter|part|section|appendix|chương|phần|mục|phụ lục|bài)\s+(?:\d{1,3}|[ivxlc]+|[a-z])\b"
    r"|\d{1,2}(?:\.\d{1,2}){0,3}\.?\s+\S",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[.!?…:;,][\"'”’)\]]*$")


def blocks_of(text: str) -> list[Block]:
    """The blocks of `text`: paragraphs parted by blank lines with their lines joined, bullets, quotes and headings.

    A heading is a short line that is underlined with === or ---; or stands alone between blank lines, ends with no mark
    and has a paragraph after it; or reads as a chapter's ("CHƯƠNG 1", "1. Introduction").
    """
    groups = [group.split("\n") for group in re.split(r"\n[ \t]*\n", cleaned(text)) if group.strip()]
    blocks: list[Block] = []
    for number, group in enumerate(groups):
        lines = [line for line in group if line.strip()]
        if len(lines) == 1 and _stands_as_heading(lines[0], following=groups[number + 1] if number + 1 < len(groups) else None):
            blocks.append(Block("heading", one_line(lines[0]), _level(lines[0], first=not blocks)))
        else:
            blocks.extend(_group_blocks(lines))
    return [block for block in blocks if block.text]


def _stands_as_heading(line: str, following: list[str] | None) -> bool:
    text = one_line(line)
    if following is None or len(text) > LONGEST_HEADING or _ENDED.search(text) or _BULLET.match(line) or _RULE.fullmatch(line):
        return False
    return _QUOTED.match(line) is None and text[0].isalnum() and (not text[0].islower() or bool(_CHAPTER.match(text)))


def _level(line: str, *, first: bool) -> int:
    numbers = re.match(r"\s*(\d{1,2}(?:\.\d{1,2})*)", line)
    if numbers:
        return min(1 + len(numbers[1].split(".")), 6)
    return 1 if first else 2


def _group_blocks(lines: list[str]) -> list[Block]:
    """The blocks of lines between two blank ones."""
    blocks: list[tuple[str, list[str], int]] = []
    for number, line in enumerate(lines):
        underlined = number + 1 < len(lines) and _UNDERLINE.fullmatch(lines[number + 1])
        item = _BULLET.match(line) or _numbered(line, lines, number)
        if _RULE.fullmatch(line):
            blocks.append(("rule", [], 0))
        elif underlined and len(line.strip()) <= LONGEST_HEADING:
            blocks.append(("heading", [line], 1 if lines[number + 1].strip()[0] == "=" else 2))
        elif item:
            blocks.append(("item", [line[item.end() :]], 1 + len(item[1].expandtabs(4)) // 2))
        elif _QUOTED.match(line):
            _extend(blocks, "quote", _QUOTED.sub("", line, count=1))
        elif blocks and blocks[-1][0] == "item":
            blocks[-1][1].append(line)
        else:
            _extend(blocks, "paragraph", line)
    return [Block(kind, one_line(" ".join(parts)), level) for kind, parts, level in blocks if kind != "rule"]  # type: ignore[arg-type]


def _numbered(line: str, lines: list[str], number: int) -> re.Match[str] | None:
    """The mark of a numbered item. "12. Someone ..." inside a wrapped paragraph is none: a list starts a group or goes on."""
    match = _NUMBER.match(line)
    if match is None or (number > 0 and not any(_NUMBER.match(earlier) for earlier in lines[:number])):
        return None
    others = sum(1 for other in lines if _NUMBER.match(other))
    return match if others > 1 else None


def _extend(blocks: list[tuple[str, list[str], int]], kind: str, line: str) -> None:
    if blocks and blocks[-1][0] == kind:
        blocks[-1][1].append(line)
    else:
        blocks.append((kind, [line], 0))
