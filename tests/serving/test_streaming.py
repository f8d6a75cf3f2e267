"""Streams over real HTTP, from the `python -m serving.run` that the end-to-end tests use too."""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgpack
import numpy as np
import pytest
import requests

from serving.client import Speech, SpeechClient, SpeechError, SpeechRefused

from .running import Serving

NUMBERS = ["one", "two", "three", "four", "five", "six"]
SENTENCES = [f"This is sentence number {word}, and it goes on for a while." for word in NUMBERS]
GOOD = {"key": "s", "passages": ["One.", "Two."], "voice": "en_female"}


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)
    return found


@pytest.fixture
def client(serving: Serving) -> Iterator[SpeechClient]:
    with SpeechClient(serving.url, read_timeout=120) as made:
        yield made


def health(serving: Serving) -> dict[str, Any]:
    return requests.get(serving.url + "/healthz", timeout=10).json()


def speech(item: Speech | SpeechError) -> Speech:
    assert isinstance(item, Speech)
    return item


def test_the_first_passage_comes_before_the_last_is_spoken(serving: Serving, client: SpeechClient) -> None:
    before = health(serving)["spoken"]
    stream = client.stream(SENTENCES, key="in order", voice="en_female")
    first = speech(next(stream))
    spoken_by_then = health(serving)["spoken"] - before
    rest = [speech(item) for item in stream]
    assert spoken_by_then < len(SENTENCES) == 1 + len(rest)
    assert health(serving)["spoken"] - before == len(SENTENCES)
    alone = [client.speak(key="in order", text=text, voice="en_female") for text in SENTENCES]
    for streamed, single in zip([first, *rest], alone, strict=True):
        assert np.array_equal(streamed.samples, single.samples), "a passage of a stream is the passage"
        assert streamed.character_ends == single.character_ends
    assert health(serving)["spoken"] - before == len(SENTENCES), "and it is remembered"


def test_a_client_that_leaves_a_stream_frees_the_queue(serving: Serving, client: SpeechClient) -> None:
    stream = client.stream([text * 3 for text in SENTENCES], key="left behind", voice="en_male")
    next(stream)
    assert health(serving)["running"] + health(serving)["waiting"]
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    until(lambda: not health(serving)["running"] + health(serving)["waiting"])
    assert len([line for line in serving.lines("passage spoken") if line["key"] == "left behind"]) < len(SENTENCES)


def test_a_passage_that_cannot_be_spoken_does_not_end_the_stream(client: SpeechClient) -> None:
    told = list(client.stream(["First.", "漢字", "Last."], key="mixed", voice="en_female"))
    assert [type(item) for item in told] == [Speech, SpeechRefused, Speech]
    assert isinstance(told[1], SpeechError)
    assert told[1].code == "nothing_to_say"


def test_what_is_wrong_with_all_passages_is_told_at_once(serving: Serving, client: SpeechClient) -> None:
    with pytest.raises(SpeechRefused) as refused:
        next(client.stream(["One.", "Two."], key="k", voice="nobody"))
    assert refused.value.code == "unknown_voice"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"passages": []}, "bad_passages"),
        ({"passages": "One."}, "bad_passages"),
        ({"passages": ["a"] * 257}, "bad_passages"),
        ({"passages": ["One.", 2]}, "bad_text"),
        ({"passages": ["One.", " "]}, "bad_text"),
        ({"key": None}, "bad_key"),
        ({"steps": 0}, "bad_steps"),
    ],
)
def test_a_wrong_stream_is_refused_with_its_code(serving: Serving, fields: dict[str, Any], code: str) -> None:
    answer = requests.post(serving.url + "/v1/stream", json={**GOOD, **fields}, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def wave(serving: Serving, passages: list[str]) -> tuple[int, bytes]:
    """Rate and 16-bit samples of a stream that was asked for as a WAV."""
    with requests.post(
        serving.url + "/v1/stream",
        json={**GOOD, "passages": passages},
        headers={"Accept": "audio/wav"},
        stream=True,
        timeout=60,
    ) as answer:
        assert answer.headers["Content-Type"] == "audio/wav"
        assert "Content-Length" not in answer.headers
        file = io.BytesIO(b"".join(answer.iter_content(None)))
    assert (file.read(4), file.seek(8), file.read(8)) == (b"RIFF", 8, b"WAVEfmt ")
    size, form, channels, rate, _, _, bits = struct.unpack("<IHHIIHH", file.read(20))
    assert (size, form, channels, bits) == (16, 1, 1, 16)
    assert file.read(4) == b"data"
    file.seek(4, io.SEEK_CUR)
    return rate, file.read()


def test_a_player_gets_a_wav_of_all_passages_in_a_row(serving: Serving, client: SpeechClient) -> None:
    rate, data = wave(serving, GOOD["passages"])
    spoken = np.concatenate([speech(item).samples for item in client.stream(**GOOD)])
    assert rate == 24_000
    np.testing.assert_allclose(np.frombuffer(data, "<i2") / 32767, spoken, atol=1 / 32767)


def test_in_a_wav_a_passage_without_a_letter_is_a_short_silence(serving: Serving) -> None:
    _, with_signs = wave(serving, ["One.", "漢字", "Two."])
    _, without = wave(serving, ["One.", "Two."])
    assert len(with_signs) - len(without) == round(0.3 * 24_000) * 2


def test_a_wav_that_cannot_go_on_breaks_off_and_does_not_pass_for_whole(serving: Serving) -> None:
    with pytest.raises(requests.RequestException):
        wave(serving, ["One.", "a long word, " * 300])


def test_an_object_of_a_stream_has_the_fields_of_a_passage_and_its_number(serving: Serving) -> None:
    body = requests.post(serving.url + "/v1/stream", json=GOOD, timeout=60)
    assert body.headers["Content-Type"] == "application/msgpack"
    unpacker = msgpack.Unpacker()
    unpacker.feed(body.content)
    objects = list(unpacker)
    assert [item["passage"] for item in objects] == [0, 1]
    expected = {"passage", "rate", "samples", "character_ends", "frames", "batch", "take", "seed"}
    assert all(item.keys() == expected for item in objects)
