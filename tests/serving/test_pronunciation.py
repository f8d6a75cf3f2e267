"""Texts become phones: each word in its language, each phone with its place in the text as given."""

from __future__ import annotations

import concurrent.futures
import hashlib
import itertools
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.pronunciation import Phone, Pronunciation, english, inventory
from serving.pronunciation.plain import LONGEST_NUMBER, LONGEST_RUN, LONGEST_WORD, plain
from serving.pronunciation.writing import write

TOKENS = frozenset(inventory())
TEXTS = st.text(st.characters(), max_size=60) | st.text("aAiIoĐđệỡN'’-.,…1 0\u0301\u0323\u0302\u200b&/$\ud800É", max_size=40)


def phones(text: str, language: str = "en") -> tuple[Phone, ...]:
    """The phones of a text, after what holds for all texts was looked at."""
    found = Pronunciation().read(text, language)
    before = (0, 0)
    for phone in found:
        assert phone.token in TOKENS
        assert before[0] <= phone.start < phone.end <= len(text)
        assert before[1] <= phone.end
        before = phone.start, phone.end
    return found


def read(text: str, language: str = "en") -> str:
    return "".join(phone.token.strip("/") for phone in phones(text, language))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello there.", "həlˈO ðˈɛɹ."),
        ("anh em trong nhà", "anh em trong nhà"),
        ("Mở LibreOffice Writer rồi chọn Tệp.", "mở lˈIbɹ ˈɔfɪs ɹˈITəɹ rồi chọn tệp."),
        ("Chọn File trong menu", "chọn fˈIl trong mˈɛnju"),
        ("The café is near Nam Định.", "ðə kæfˈA ɪz nˌɪɹ nam định."),
        ("I love Hà Nội in an hour.", "ˌI lˈʌv hà nội ɪn ɐn ˈWəɹ."),
        ("It is 7 km from Hà Nội to Đà Nẵng.", "ˌɪt ɪz sˈɛvən kˌAˈɛm fɹʌm hà nội tu đà nẵng."),
        ("Hà Nội's streets", "hà nộiz stɹˈits"),
        ("hòa và hoà", "hoà và hoà"),
        ("TRUNG TÂM THÀNH PHỐ", "trung tâm thành phố"),
    ],
)
def test_each_word_is_read_in_its_language(text: str, said: str) -> None:
    assert read(text) == said


@pytest.mark.parametrize(
    ("text", "english", "vietnamese"), [("an", "ɐn", "an"), ("42", "fˈɔɹTi tˈu", "bốn hai"), ("OK", "ˌOkˈA", "ˌOkˈA")]
)
def test_the_language_decides_where_words_do_not(text: str, english: str, vietnamese: str) -> None:
    assert read(text, "en") == english
    assert read(text, "vi") == vietnamese


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NASA, LGPL, ODBC", "nˈæsə, ˌɛlʤˌipˌiˈɛl, ˌOdˌibˌisˈi"),
        ("VOXREEL", "vˈɑksɹil"),
        ("DON'T", "dˈOnt"),
        ("don't, can’t, LibreOffice's", "dˈOnt, kˈænt, lˈIbɹ ˈɔfɪsᵻz"),
        ("well-known", "wˌɛlnˈOn"),
        ("B2B costs $5.50", "bˈitəbˈi kˈɔsts fˈIv dˈɑləɹz ænd fˈɪfti sˈɛnts"),
        ("the .NET way", "ðə nˈɛt wˈA"),
        ("Số 3,14 và 50%", "số ba phẩy một bốn và năm không"),
        ("😀 ok Привет 你好", "ˌOkˈA"),
        ("Ｈｅｌｌｏ ﬁle", "həlˈO fˈIl"),
    ],
)
def test_what_is_not_quite_a_word_is_read_as_people_say_it(text: str, said: str) -> None:
    assert read(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("“Yes” (no) — and…  so?!", "jˈɛs nˈO— ænd. sˌO?"),
        ("yes - no, yes--no", "jˈɛs— nˈO, jˈɛs— nˈO"),
        ("no!yes", "nˈO! jˈɛs"),
        ("apt --help", "ˈæpt hˈɛlp"),
        ("... dạ", "dạ"),
        ("in the U.S.", "ɪn ðə jˌuˈɛs."),
    ],
)
def test_marks_are_kept_where_they_are_heard(text: str, said: str) -> None:
    assert read(text) == said


@pytest.mark.parametrize("text", ["", " ", ".", "«»", "\ud800", "\u0301", "😀", "你好", "'", "-"])
def test_where_nothing_can_be_said_there_are_no_phones(text: str) -> None:
    assert phones(text) == ()


def test_a_letter_of_a_decomposed_word_has_its_marks_and_what_is_invisible() -> None:
    text = unicodedata.normalize("NFD", "Việt") + " wi\u00adfi"
    found = phones(text)
    assert [(phone.token, text[phone.start : phone.end]) for phone in found[:4]] == [
        ("v", "V"),
        ("i", "i"),
        ("ệ", unicodedata.normalize("NFD", "ệ")),
        ("t", "t"),
    ]
    assert "".join(text[phone.start : phone.end] for phone in found[5:]) == "wi\u00adfi"


def test_every_word_is_covered_by_its_own_phones() -> None:
    text = "Please open 'LibreOffice' (well-known in Việt Nam): don't, e.g., wait -- it's 20,000 words of café’s Nguyễn Văn An."
    spoken = [False] * len(text)
    for phone in phones(text):
        if phone.token not in " ,.!?:;—":
            spoken[phone.start : phone.end] = [True] * (phone.end - phone.start)
    for word in re.finditer(r"\w+(?:[-'’,.]\w+)*", text):
        assert all(spoken[word.start() : word.end()]), word[0]
    assert not any(spoken[place] for place, character in enumerate(text) if character in " ():")


@given(TEXTS, st.sampled_from(["en", "vi", "", "fr"]))
@settings(max_examples=300, deadline=None)
def test_any_string_is_read(text: str, language: str) -> None:
    said = [phone.token for phone in phones(text, language)]
    assert not said or said[0] not in " ,.!?:;—"
    assert not said or said[-1] != " "
    assert (" ", " ") not in itertools.pairwise(said)


@given(st.text("aB1'-.,/&$ \u00e9", min_size=40, max_size=200))
@settings(max_examples=100, deadline=None)
def test_the_library_is_given_short_runs_only(text: str) -> None:
    given_text, places = plain(write(text).text, "aBé", lambda word: False)
    assert len(places) == len(given_text)
    assert places == sorted(places)
    for run in given_text.split():
        assert len(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+|[/&$]+|.", run)) <= LONGEST_RUN
        assert not re.search(rf"[^\W\d_]{{{LONGEST_WORD + 1}}}|\d{{{LONGEST_NUMBER + 1}}}", run)


def test_a_long_string_is_read_to_its_end() -> None:
    for unit in ("a-", "Việt ", "x1.", "é", "9", "Trần The "):
        text = (unit * 10_000)[:10_000]
        assert phones(text)[-1].end == len(text.rstrip(" -.")), unit


def test_every_sound_of_the_lexicon_is_in_the_inventory() -> None:
    lexicon = english._library().lexicon
    words = [*lexicon.golds.d, *lexicon.silvers.d][::61]
    for word in words:
        assert phones(word), word
    for word in words[::4]:  # also as the net for unknown words hears them
        assert phones(f"x{word}q"), word


def test_threads_read_what_one_reads_alone() -> None:
    texts = [
        f"The {word} of Hà Nội, quzzle {word}s." for word in ("river", "voxreel", "street", "xylographer", "lake", "zumble")
    ] * 4
    alone = [Pronunciation().read(text) for text in texts]
    english._loaded.cache_clear()
    pronunciation = Pronunciation()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(pronunciation.read, texts)) == alone


def test_the_inventory_is_the_one_that_voices_were_trained_with() -> None:
    assert len(TOKENS) == len(inventory()) == 171
    assert inventory()[:8] == [" ", "?", "!", ".", "—", ":", ";", ","]
    assert (
        hashlib.sha256("\n".join(inventory()).encode()).hexdigest()
        == "fb76355a91b674a5503b42e97f75cacb7887a242b064c971cf62ae3f4c393256"
    )
