"""The text of stretches of HTML within Markdown. Its time grows with the length of the HTML, however hostile that is."""

from __future__ import annotations

import html
import re

from pipeline.documents.characters import one_line

#: What stands inside of these is not for readers.
UNREAD = frozenset(["script", "style", "head", "template", "svg"])
#: These part words; others, such as <b>, may stand in the middle of one.
BREAKING = frozenset(
    [
        "br",
        "hr",
        "p",
        "div",
        "li",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "td",
        "th",
        "tr",
        "table",
        "img",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "section",
        "details",
        "summary",
    ]
)

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)[^<>]*>")
_ENCLOSURES = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">"))


def html_text(source: str) -> str:
    """The text in `source`, in one line, without tags, comments, scripts and styles."""
    for opening, closing in _ENCLOSURES:
        source = _without(source, opening, closing)
    parts: list[str] = []
    unread = 0
    position = 0
    for tag in _TAG.finditer(source):
        if not unread:
            parts.append(source[position : tag.start()])
        name = tag[2].lower()
        if name in UNREAD:
            unread = max(0, unread + (-1 if tag[1] else 1))
        elif name in BREAKING:
            parts.append(" ")
        position = tag.end()
    if not unread:
        parts.append(source[position:])
    return one_line(html.unescape("".join(parts)))


def _without(source: str, opening: str, closing: str) -> str:
    """`source` without what stands from each `opening` to the next `closing`, or to the end where there is none."""
    parts: list[str] = []
    position = 0
    while (start := source.find(opening, position)) >= 0:
        parts.append(source[position:start])
        end = source.find(closing, start + len(opening))
        if end < 0:
            return "".join(parts)
        position = end + len(closing)
    return "".join([*parts, source[position:]])
