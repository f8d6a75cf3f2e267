"""Vietnamese words by their letters: the spelling tells the sounds, so a letter is a phone.

A word is taken for Vietnamese only where it is a possible syllable: an onset, a rime, and a tone that the rime can bear.
The grammar is closed, so that "LibreOffice", "cat" and "file" are not, whatever stands around them.
"""

from __future__ import annotations

import functools
import unicodedata

CONSONANTS = "bcdđghklmnpqrstvx"
VOWELS = "aăâeêioôơuưy"
#: Combining marks of the tones: huyền, sắc, ngã, hỏi, nặng. The level tone has none.
TONES = "\u0300\u0301\u0303\u0309\u0323"
_OWN_LETTERS = frozenset("ăâđêôơư")
#: Syllables that end in a stop are said with one of these tones: sắc, nặng.
_SHORT_TONES = ("\u0301", "\u0323")

#: Longer ones first.
_ONSETS = ("ngh", "ng", "nh", "gh", "gi", "kh", "ph", "th", "tr", "ch", "qu", *"bcdđghklmnprstvx")
_WRITTEN_RIMES = """
a ac ach ai am an ang anh ao ap at au ay  ăc ăm ăn ăng ăp ăt  âc âm ân âng âp ât âu ây
e ec em en eng eo ep et  ê êch êm ên ênh êp êt êu
i ia ich im in inh ip it iu  iêc iêm iên iêng iêp iêt iêu
o oc oi om on ong op ot ooc oong  oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oe oen oeo oet
ô ôc ôi ôm ôn ông ôp ôt  ơ ơi ơm ơn ơp ơt
u ua uc ui um un ung up ut  uôc uôi uôm uôn uông uôt  uân uâng uât uây uê uêch uênh uơ
uy uya uych uyên uyêt uyn uynh uyp uyt uyu
ư ưa ưc ưi ưm ưn ưng ưt ưu  ươc ươi ươm ươn ương ươp ươt ươu
"""
_RIMES = frozenset(_WRITTEN_RIMES.split())
#: Rimes written with y: alone, and after "qu", whose u is the glide.
_ALONE = frozenset(("y", "yêm", "yên", "yêng", "yêt", "yêu"))
_AFTER_QU = frozenset(("y", "ych", "yên", "yêt", "yn", "ynh", "yp", "yt"))
#: Onsets after which a lone i may be written y.
_BEFORE_Y = frozenset((*"dhklmnstv", "th"))
#: Before e, ê, i the sounds of c, g, ng are written k, gh, ngh.
_FRONT = frozenset("eêi")
#: Letters of the longest syllable, "nghiêng".
_LONGEST = 7


def spell(word: str) -> tuple[str, ...] | None:
    """The letters of a word (NFC), lower case, one for each of its characters; None where it is no possible syllable.

    The tone stands on the vowel that is the nucleus wherever it was written ("hòa" as "hoà", "thủy" as "thuỷ"), and the k that
    ends names of places ("Đắk Lắk") is the c that it sounds like: one sound, one spelling.
    """
    return _spelled(word.lower()) if len(word) <= _LONGEST else None


@functools.lru_cache(maxsize=8192)
def _spelled(word: str) -> tuple[str, ...] | None:
    toneless, tones = _parted(word)
    if len(toneless) != len(word) or len(tones) > 1:
        return None
    if toneless.endswith(("ăk", "âk")):
        toneless = toneless[:-1] + "c"
    nucleus = _nucleus(toneless)
    if nucleus is None:
        return None
    if toneless.endswith(("c", "ch", "p", "t")) and tones not in _SHORT_TONES:
        return None
    letters = list(toneless)
    letters[nucleus] = unicodedata.normalize("NFC", letters[nucleus] + tones)
    return tuple(letters)


def is_marked(word: str) -> bool:
    """Whether a word (NFC) bears a mark of Vietnamese: a tone, or a letter that English lacks."""
    toneless, tones = _parted(word.lower())
    return bool(tones) or not _OWN_LETTERS.isdisjoint(toneless)


def _parted(word: str) -> tuple[str, str]:
    """The word without tones, and its tones."""
    parts = unicodedata.normalize("NFD", word)
    toneless = "".join(part for part in parts if part not in TONES)
    return unicodedata.normalize("NFC", toneless), "".join(part for part in parts if part in TONES)


def _nucleus(toneless: str) -> int | None:
    """Where in the syllable its nucleus stands, which bears the tone. None for what is no syllable."""
    for onset in _ONSETS:
        if toneless.startswith(onset) and _fit(onset, toneless[len(onset) :]):
            return len(onset) + _peak(toneless[len(onset) :])
    alone = toneless in _ALONE or (toneless in _RIMES and not toneless.startswith("iê"))
    return _peak(toneless) if alone else None


def _fit(onset: str, rime: str) -> bool:
    """Whether the rime may be written after the onset."""
    if onset == "qu":
        return rime in _AFTER_QU or (rime in _RIMES and rime[0] in "aăâeêiôơ" and not rime.startswith(("ia", "iê")))
    if rime == "y":
        return onset in _BEFORE_Y
    if rime not in _RIMES:
        return False
    if onset == "g":  # "gì" and "giêng": one i is both the onset's and the rime's.
        return rime[0] not in "eê"
    if onset in ("c", "ng"):
        return rime[0] not in _FRONT
    if onset in ("gh", "ngh"):
        return rime[0] in _FRONT
    return onset != "gi" or rime[0] != "i"


def _peak(rime: str) -> int:
    for vowel in "ăâêôơư":
        if vowel in rime:
            return rime.index(vowel)
    return 1 if rime.startswith(("oa", "oe", "oo", "uy")) else 0


def letters() -> list[str]:
    """Every letter that `spell` can give: consonants, then each vowel with each tone."""
    return [*CONSONANTS, *(unicodedata.normalize("NFC", vowel + tone) for vowel in VOWELS for tone in ("", *TONES))]
