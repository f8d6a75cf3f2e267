"""Streams over real HTTP, from the `python -m serving.run` that the end-to-end tests use too."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import struct
import time
from typing import Any

import msgpack
import numpy as np
import pytest
import requests

import logs
from serving.client import Speech, SpeechClient, SpeechError, SpeechRefused
from serving.errors import Expired, Overloaded
from serving.replica.streaming import stream
from serving.replica.validation import SpeakRequest, parse_stream

from .running import Serving, until

NUMBERS = ["one", "two", "three", "four", "five", "six"]
SENTENCES = [f"This is sentence number {word}, and it goes on for a while." for word in NUMBERS]
GOOD = {"key": "s", "passages": ["One.", "Two."], "voice": "en_female"}


def speech(item: Speech | SpeechError) -> Speech:
    assert isinstance(item, Speech)
    return item


def test_the_first_passage_comes_before_the_last_is_spoken(serving: Serving, client: SpeechClient) -> None:
    before = serving.health()["spoken"]
    stream = client.stream(SENTENCES, key="in order", voice="en_female")
    first = speech(next(stream))
    spoken_by_then = serving.health()["spoken"] - before
    rest = [speech(item) for item in stream]
    assert spoken_by_then < len(SENTENCES) == 1 + len(rest)
    assert serving.health()["spoken"] - before == len(SENTENCES)
    alone = [client.speak(key="in order", text=text, voice="en_female") for text in SENTENCES]
    for streamed, single in zip([first, *rest], alone, strict=True):
        assert np.array_equal(streamed.samples, single.samples), "a passage of a stream is the passage"
        assert streamed.character_ends == single.character_ends
    assert serving.health()["spoken"] - before == len(SENTENCES), "and it is remembered"


def test_a_client_that_leaves_a_stream_frees_the_queue(serving: Serving, client: SpeechClient) -> None:
    # So many steps that they cannot all be spoken before anybody looks. The second begins when the first has been taken.
    stream = client.stream([text * 3 for text in SENTENCES], key="left behind", voice="en_male", steps=64)
    next(stream)
    until(lambda: serving.health()["running"] + serving.health()["waiting"])
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    until(lambda: not serving.health()["running"] + serving.health()["waiting"])
    assert len([line for line in serving.lines("passage spoken") if line["key"] == "left behind"]) < len(SENTENCES)


def test_every_passage_of_a_stream_is_logged_with_the_ids_of_its_request(serving: Serving, client: SpeechClient) -> None:
    def lines() -> list[dict[str, Any]]:
        return [line for line in serving.lines("passage spoken") if line["key"] == "with ids"]

    with logs.bound(job_id="job-8", request_id="request-8"):
        list(client.stream(["One more.", "Two more.", "Three more."], key="with ids", voice="en_female"))
    until(lambda: len(lines()) == 3)
    assert {(line.get("job_id"), line.get("request_id")) for line in lines()} == {("job-8", "request-8")}


def test_a_passage_that_cannot_be_spoken_does_not_end_the_stream(client: SpeechClient) -> None:
    told = list(client.stream(["First.", "漢字", "Last."], key="mixed", voice="en_female"))
    assert [type(item) for item in told] == [Speech, SpeechRefused, Speech]
    assert isinstance(told[1], SpeechError)
    assert told[1].code == "nothing_to_say"


def test_what_is_wrong_with_all_passages_is_told_at_once(serving: Serving, client: SpeechClient) -> None:
    with pytest.raises(SpeechRefused) as refused:
        next(client.stream(["One.", "Two."], key="k", voice="nobody"))
    assert refused.value.code == "unknown_voice"


class Crowded:
    """As much of a speaker as a stream needs. Its queue is always full."""

    def __init__(self) -> None:
        self.shelf = self

    def borrowed(self, _model: str | None, _deadline: float) -> contextlib.nullcontext:
        return contextlib.nullcontext()

    async def speak(self, _asked: SpeakRequest, deadline: float) -> None:
        raise Expired if time.monotonic() >= deadline else Overloaded(retry_after=60)


def test_room_in_the_queue_is_waited_for_no_longer_than_until_the_deadline() -> None:
    async def ask() -> list[type]:
        asked = parse_stream(json.dumps(GOOD).encode())
        async with asyncio.timeout(20):
            outcomes = stream(Crowded(), asked, time.monotonic() + 0.2)  # type: ignore[arg-type]
            return [type(what) async for _, what in outcomes]

    assert asyncio.run(ask()) == [Overloaded, Expired]


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
    expected = {"passage", "rate", "samples", "character_ends", "timing", "frames", "batch", "take", "seed", "heard"}
    assert all(item.keys() == expected for item in objects)
