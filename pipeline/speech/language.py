"""Which language a text is in: Vietnamese or English."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Literal

from lingua import Language, LanguageDetector, LanguageDetectorBuilder

LanguageCode = Literal["vi", "en"]

#: Characters looked at. More tells no more, and keeps long books quick.
_LOOKED_AT = 20_000
#: Of every hundred words, how many with Vietnamese letters make a text Vietnamese. English text with a Vietnamese
#: name here and there stays below, Vietnamese full of English terms stays above.
_ENOUGH_PERCENT = 20
_WORD = re.compile(r"[^\W\d_]+")
#: Letters that only Vietnamese has, and vowels with the marks for its tones. é or à alone may be French.
_ONLY_VIETNAMESE = set("ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỷỹỵĩũ")
_PERHAPS_VIETNAMESE = set("àáâãèéêìíòóôõùúý")


def detect_language(text: str) -> LanguageCode:
    """Vietnamese letters decide where there are any; else a statistical model of the two languages does.

    Deterministic. Text without words counts as English.
    """
    words = _WORD.findall(unicodedata.normalize("NFC", text[:_LOOKED_AT]).lower())
    if not words:
        return "en"
    sure = sum(1 for word in words if not _ONLY_VIETNAMESE.isdisjoint(word))
    if sure:
        marked = sum(1 for word in words if not (_ONLY_VIETNAMESE | _PERHAPS_VIETNAMESE).isdisjoint(word))
        return "vi" if marked * 100 >= len(words) * _ENOUGH_PERCENT else "en"
    found = _detector().detect_language_of(" ".join(words[:400]))
    return "vi" if found is Language.VIETNAMESE else "en"


@functools.cache
def _detector() -> LanguageDetector:
    # Two languages only: their models take little memory, and all others cannot be mistaken for them.
    return LanguageDetectorBuilder.from_languages(Language.ENGLISH, Language.VIETNAMESE).build()
