"""Sentences to speak: English and Vietnamese out of Debian's documentation, as the product itself would read them."""

from __future__ import annotations

import hashlib
import random
import re
import unicodedata
import warnings
from collections.abc import Iterator
from pathlib import Path

import bs4

from pipeline.speech.passages import split

#: Where each language lies below the root of the unpacked packages.
PAGES = {
    "en": (
        "usr/share/doc/debian-handbook/html/en-US",
        "usr/share/doc/installation-guide-amd64/en",
        "usr/share/libreoffice/help/en-US",
        "usr/share/doc/maint-guide",
        "usr/share/developers-reference",
        "usr/share/doc/debian/FAQ",
    ),
    "vi": (
        "usr/share/doc/debian-handbook/html/vi-VN",
        "usr/share/doc/installation-guide-amd64/vi",
        "usr/share/libreoffice/help/vi",
        "usr/share/doc/maint-guide-vi",
    ),
}
#: Characters of a sentence: below, there is no melody to learn; above, a training batch wastes its room.
SHORTEST, LONGEST = 12, 170
#: One sentence in so many is never trained on.
HELD_OUT_EVERY = 40
#: Blocks whose text is not prose, and elements that end a sentence without a full stop.
_NOT_PROSE = ("script", "style", "pre", "code", "tt", "table", "nav", "head")
#: Links to the neighbouring pages, and what LibreOffice's help says to users of other systems than the usual ones.
_BESIDE = ".docnav, [hidden]:not([id^=default])"
#: A path of the help's own, at the foot of its pages.
_FOOT = "This page is:"
_BLOCKS = ("p", "li", "h1", "h2", "h3", "h4", "dt", "dd", "div", "br", "title")
_ENGLISH = re.compile(r"[A-Za-z][A-Za-z ,.'!?;:-]+")
_MARKED = re.compile(r"[àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ]", re.IGNORECASE)
_VIETNAMESE = re.compile(rf"(?:[abcdeghiklmnopqrstuvxy ,.'!?;:-]|{_MARKED.pattern})+", re.IGNORECASE)


def read(root: Path, language: str) -> list[str]:
    """Distinct sentences in the order of a fixed shuffle, normalised, without digits and foreign letters.

    root: of the unpacked packages; a list beside it keeps what was found, as parsing takes a minute, until this file changes.
    """
    rules = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    kept = root.with_name(f"sentences.{language}.{rules}.txt")
    if not kept.exists():
        unfinished = kept.with_suffix(".part")
        unfinished.write_text("\n".join(_all(root, language)), encoding="utf-8")
        unfinished.rename(kept)
    return kept.read_text(encoding="utf-8").split("\n")


def _all(root: Path, language: str) -> list[str]:
    found: dict[str, None] = {}
    for folder in PAGES[language]:
        for page in sorted(root.joinpath(folder).rglob("*.htm*")):
            for sentence in _of_page(page, language):
                found.setdefault(sentence)
    sentences = sorted(found)
    random.Random(0).shuffle(sentences)
    return sentences


def held_out(text: str) -> bool:
    """Whether a sentence is kept for the evaluation: decided by its letters alone, whatever else there is."""
    letters = "".join(character for character in text.lower() if character.isalpha())
    return int.from_bytes(hashlib.sha256(letters.encode()).digest()[:4], "big") % HELD_OUT_EVERY == 0


def _of_page(page: Path, language: str) -> Iterator[str]:
    for block in _blocks(page):
        for passage in split(block, language):
            spoken = unicodedata.normalize("NFC", passage.spoken).strip()
            if SHORTEST <= len(spoken) <= LONGEST and _is(spoken, language):
                yield spoken


def _blocks(page: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bs4.XMLParsedAsHTMLWarning)
        soup = bs4.BeautifulSoup(page.read_bytes(), "html.parser")
    for element in [*soup(_NOT_PROSE), *soup.select(_BESIDE)]:
        element.decompose()
    for element in soup(_BLOCKS):
        element.append("\n\n")
    for block in re.split(r"\n\s*\n", soup.get_text()):
        text = " ".join(block.split())
        if text and not text.startswith(_FOOT):
            yield text


def _is(spoken: str, language: str) -> bool:
    if language == "en":
        return _ENGLISH.fullmatch(spoken) is not None and " " in spoken
    return _VIETNAMESE.fullmatch(spoken) is not None and len(_MARKED.findall(spoken)) * 8 >= len(spoken)
