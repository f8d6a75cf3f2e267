from __future__ import annotations

import numpy as np
import pytest

from tests.serving.alignment import tones
from voices.training.evaluation import ears, reading
from voices.training.evaluation.doubts import Doubts

SAID = [
    "Phần này chỉ hoạt động nếu tuỳ chọn ngày tháng đã được chọn.",
    "Hãy chọn phạm vi ô trước khi điền một chuỗi số.",
    "Không có dấu gạch chéo trước tên thư mục được liệt kê.",
]


def test_a_transcript_that_is_half_wrong_still_tells_its_sentence() -> None:
    heard = [
        "phèn nì chi hạt đồng nu tùy chan ngài thắng đa bực chon",
        "hai chòn pham vị o trúc khỉ điên chuối sổ",
        "không cớ dâu gach cheo tren tên thơ muc lịch kê",
    ]
    assert reading.written(SAID, heard, "vi") == Doubts((), ())


def test_a_sentence_that_was_not_said_is_found_in_the_transcript() -> None:
    assert reading.written(SAID, [SAID[0], "", SAID[2]], "vi") == Doubts((1,), ())
    assert reading.written(SAID, [SAID[0], SAID[2], SAID[2]], "vi") == Doubts((1,), ())


def test_what_one_of_two_recognisers_knows_was_said() -> None:
    assert reading.shared([Doubts((0, 2), (1,)), Doubts((2, 3), ())]) == Doubts((2,), ())
    assert reading.shared([Doubts((0, 2), (1,))]) == Doubts((0, 2), (1,))


def test_a_sentence_that_was_said_twice_is_found_in_the_transcript() -> None:
    assert reading.written(SAID, [SAID[0], SAID[1] + " " + SAID[1], SAID[2]], "vi") == Doubts((), (1,))


@pytest.mark.parametrize(
    ("spoken", "doubts"),
    [
        ("the grey ships sailed over the sea", Doubts((), ())),
        ("forty old men", Doubts((0,), ())),
        ("the grey ships sailed over the sea the grey ships sailed over the sea", Doubts((), (0,))),
    ],
)
def test_the_aligner_tells_a_skipped_and_a_repeated_sentence(spoken: str, doubts: Doubts) -> None:
    samples, aligner = tones.say(spoken), tones.aligner()
    alignment = aligner.align("the grey ships sailed over the sea", "en", aligner.hear(samples, tones.RATE))
    assert reading.laid([alignment], [7], [len(samples) / tones.RATE]) == doubts


def test_what_is_heard_without_the_text_is_spelled_without_pauses_and_repeats() -> None:
    tokens = [" ", "/a/", "/b/"]
    heard = np.full((8, 4), -9.0)
    for frame, number in enumerate([0, 2, 2, 0, 2, 1, 3, 3]):
        heard[frame, number] = 0.0
    assert ears.greedy(heard, tokens) == ["/a/", "/a/", "/b/"]
