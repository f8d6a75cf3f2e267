from __future__ import annotations

import math
import statistics

import pytest
import soundfile

from serving.checkpoints.checkpoint import Checkpoint
from serving.layouts import pace
from serving.voices import silence

from .conftest import SAMPLE

#: Passages as they reach serving: normalised, of every length.
PASSAGES = {
    "vi": [
        "Từ bắc vào nam, Việt Nam dài khoảng một nghìn sáu trăm năm mươi ki lô mét.",
        "Giữa lòng thành phố hôm nay, Hồ Gươm vẫn in bóng Tháp Rùa.",
        "Đến đây, du khách có thể: chèo thuyền giữa những đảo đá;",
        "thăm hang Sửng Sốt và hang Đầu Gỗ;",
        "Tôi đi chợ mua cá về nấu canh chua cho cả nhà.",
        "Nghiêng nghiêng chiếc nón trắng, nàng thướt tha bước xuống đường.",
        "Bà ấy có ba cô con gái.",
        "Năm một nghìn không trăm mười, vua Lý Thái Tổ dời đô từ Hoa Lư về vùng đất bên sông Hồng.",
        "Chúng tôi sẽ gửi lại hồ sơ cho quý khách trong vòng ba ngày làm việc.",
        "Trời mưa to nên đường phố ngập nước.",
        "Anh có khỏe không?",
        "Cảm ơn chị đã gọi cho chúng tôi.",
        "Mỗi buổi sáng, ông tôi thường dậy sớm, pha ấm trà và đọc báo.",
        "Việc học ngoại ngữ đòi hỏi sự kiên trì và luyện tập thường xuyên.",
        "Giá vàng hôm nay tăng nhẹ so với hôm qua.",
        "Con mèo nhà tôi rất thích ngủ trên ghế sô pha.",
        "Thầy giáo giảng bài rất dễ hiểu.",
        "Nếu trời đẹp, cuối tuần này chúng ta sẽ đi biển.",
        "Hãy nhấn nút bên phải để mở cửa.",
        "Đây là cuốn sách hay nhất mà tôi từng đọc.",
        "Dòng sông uốn khúc quanh co giữa những cánh đồng lúa chín vàng.",
        "Cô ấy nói nhỏ, nhưng ai cũng nghe rõ.",
        "Không có gì quý hơn độc lập, tự do.",
    ],
    "en": [
        "Some pages have to wait, because our eyes and hands are busy.",
        "You can listen while you walk, cook or ride the bus.",
        "The next year he listed ten ways to use it.",
        "Second on his list were books that speak to blind people.",
        "Strengths and weaknesses were thoroughly discussed throughout the conference.",
        "I see a tree, a bee, an area of idea.",
        "learners, who hear a word while they read it;",
        "At one hundred and fifty words a minute, a calm voice needs two minutes for a page of three hundred words.",
        "Thank you for calling, how can I help you today?",
        "The price of gold rose slightly this morning.",
        "My cat likes to sleep on the sofa.",
        "If the weather is good, we will go to the beach this weekend.",
        "Press the button on the right to open the door.",
        "Learning a language takes patience and regular practice.",
        "She spoke quietly, but everybody understood.",
        "This is the best book I have ever read.",
        "It rained all night and the streets were flooded.",
        "He made a cup of tea and read the newspaper.",
        "Are you there?",
        "Nobody knew why the engine had stopped.",
        "The committee will publish its recommendations in January.",
        "Children under six travel free of charge.",
        "We apologise for the delay.",
    ],
}


def seconds(sample: Checkpoint, text: str) -> float:
    """What the bundled model of durations, learnt from speech, takes for the text."""
    laid = sample.layout.lay(text, sample.voices["en_female"], 1.0)
    return (laid.frames - sample.voices["en_female"].frames) * sample.hop / sample.rate


def errors(measure: dict[str, float], truth: dict[str, float], references: list[str], texts: list[str]) -> list[float]:
    """Part by which the time of each text is missed when it is told from each reference's."""
    return [
        abs(math.log(truth[reference] / measure[reference] * measure[text] / truth[text]))
        for reference in references
        for text in texts
        if text != reference
    ]


@pytest.mark.parametrize("spoken", ["vi", "en"])
@pytest.mark.parametrize("reference", ["vi", "en"])
def test_time_told_from_a_reference_is_near_the_truth_and_nearer_than_by_bytes(
    sample: Checkpoint, reference: str, spoken: str
) -> None:
    texts = PASSAGES["vi"] + PASSAGES["en"]
    truth = {text: seconds(sample, text) for text in texts}
    syllables = {text: pace.weigh(text).whole for text in texts}
    in_bytes = {text: float(len(text.encode())) for text in texts}
    ours = statistics.mean(errors(syllables, truth, PASSAGES[reference], PASSAGES[spoken]))
    theirs = statistics.mean(errors(in_bytes, truth, PASSAGES[reference], PASSAGES[spoken]))
    assert ours < 0.1, (ours, theirs)
    assert ours < theirs, (ours, theirs)


@pytest.mark.parametrize("voice", ["en_female", "en_male", "vi_female", "vi_male"])
def test_the_pace_of_a_real_reference_foretells_what_is_said_after_it(sample: Checkpoint, voice: str) -> None:
    samples, rate = soundfile.read(SAMPLE / "references" / f"{voice}.wav", dtype="float32")
    syllable = silence.spoken_seconds(samples, rate) / pace.weigh(sample.voices[voice].text).spoken
    told = [syllable * pace.weigh(text).whole / seconds(sample, text) for text in PASSAGES[sample.voices[voice].language]]
    assert 0.7 < statistics.mean(told) < 1.3, told


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("Xin chào các bạn", 4),
        ("Nguyễn Thị Minh Khai", 4),
        ("Nguyen Thi Minh Khai", 4),
        ("a calm voice reads the page", 6),
        ("The people walked to their houses", 8),
        ("你好世界", 4),
        ("안녕하세요", 5),
        ("Привет, мир", 3),
    ],
)
def test_syllables_are_counted_in_every_script(text: str, syllables: int) -> None:
    assert pace.weigh(text).spoken == pytest.approx(syllables, rel=0.25)
    assert pace.plausible(syllables / 4.5, text)


def test_marks_pause_inside_a_text_and_not_around_it() -> None:
    plain, marked = pace.weigh("one two three four"), pace.weigh('"one, two. three four!"')
    assert marked.spoken == plain.spoken
    assert plain.paused == 0
    assert marked.paused == pace.CLAUSE + pace.SENTENCE
    assert pace.weigh("... , !").whole == 0


def test_composed_and_decomposed_letters_weigh_the_same() -> None:
    assert pace.weigh("Tiếng Việt").whole == pace.weigh("Tiê\u0301ng Viê\u0323t").whole


def test_what_nobody_can_have_spoken_is_not_plausible() -> None:
    text = "We want the server to be an automatically started system service."
    assert pace.plausible(3.5, text)
    assert not pace.plausible(12.0, text)
    assert not pace.plausible(1.5, text)
