from __future__ import annotations

import io
import json

import av
import numpy as np
import pytest

from stack.launch import RunningStack
from tests.stack.house import FINISHED, Visitor, log_lines, poll, spoken

TEXT = "Xin chào các bạn. Hôm nay là ngày 21/11/2026, trời 25 °C."


def decoded(data: bytes) -> tuple[np.ndarray, int]:
    """Mono float samples and their rate, whatever the format."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="flt", layout="mono", rate=stream.rate)
        frames = [out for frame in container.decode(stream) for out in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray()[0] for frame in frames]), stream.rate


@pytest.mark.parametrize("sound_format", ["wav", "mp3", "opus", "flac"])
def test_speech_comes_in_every_format_with_timings_in_the_original_text(stack: RunningStack, sound_format: str):
    visitor = Visitor(stack)
    job_id = visitor.submit("speech", json={"text": TEXT, "language": "vi", "format": sound_format})
    visitor.succeeded(job_id)

    samples, rate = decoded(visitor.file(job_id, f"speech.{sound_format}"))
    timings = json.loads(visitor.file(job_id, "timings.json"))
    assert len(samples) / rate == pytest.approx(timings["samples"] / timings["rate"], abs=0.06)
    assert 0.02 < np.sqrt(np.mean(samples**2)) < 0.4
    assert timings["exact_words"]
    assert [sentence["text"] for sentence in timings["sentences"]] == [
        "Xin chào các bạn.",
        "Hôm nay là ngày 21/11/2026, trời 25 °C.",
    ]
    for word in timings["words"]:
        assert TEXT[word["offset"] : word["offset"] + len(word["text"])] == word["text"]
        assert 0 <= word["start"] < word["end"] <= len(samples) / rate
    date = next(word for word in timings["words"] if "21/11/2026" in word["text"])
    hello = next(word for word in timings["words"] if word["text"] == "Xin")
    assert date["end"] - date["start"] > 3 * (hello["end"] - hello["start"]), "a date takes long to say"


def test_the_same_request_again_is_answered_from_the_cache(stack: RunningStack):
    visitor = Visitor(stack)
    fields = {"text": "What was said once need not be said again.", "language": "en", "format": "flac"}
    first = visitor.submit("speech", json=fields)
    visitor.succeeded(first)
    before = spoken(stack)
    again = visitor.submit("speech", json=fields)
    visitor.succeeded(again)
    assert first != again
    assert visitor.file(first, "speech.flac") == visitor.file(again, "speech.flac")
    assert spoken(stack) == before


def test_a_cancelled_job_stops_and_nothing_more_is_written_for_it(stack: RunningStack):
    visitor, before = Visitor(stack), spoken(stack)
    sentences = [f"This is sentence number {number} of a long story that nobody will hear to its end." for number in range(60)]
    job_id = visitor.submit("speech", json={"text": " ".join(sentences), "language": "en"})
    poll(lambda: bool(spoken(stack) - before))
    assert visitor.cancel(job_id)["status"] == "cancelled"

    other = visitor.submit("speech", json={"text": "Another job is not held up.", "language": "en"})
    visitor.succeeded(other)
    assert visitor.job(job_id)["status"] == "cancelled"
    assert visitor.job(job_id)["files"] == []
    assert sum((spoken(stack) - before).values()) < 50, "most of it was never spoken"


def test_flushing_redis_in_the_middle_of_a_job_loses_nothing(stack: RunningStack):
    import redis

    visitor, before = Visitor(stack), spoken(stack)
    sentences = [f"Lời kể thứ {word} vẫn còn nguyên." for word in ("một", "hai", "ba", "bốn", "năm", "sáu")]
    job_id = visitor.submit("speech", json={"text": " ".join(sentences), "language": "vi", "format": "wav"})
    poll(lambda: bool(spoken(stack) - before) or visitor.job(job_id)["status"] in FINISHED)
    redis.Redis.from_url(stack.settings.redis_url).flushall()
    visitor.succeeded(job_id)
    assert set((spoken(stack) - before).values()) == {1}
    assert visitor.job(job_id)["progress"]["percent"] == 100


def test_every_line_that_is_logged_for_a_job_bears_its_id_and_the_requests_id(stack: RunningStack):
    visitor = Visitor(stack)
    answer = visitor.http.post(
        f"{stack.url}/v1/speech",
        json={"text": "Follow me through the logs.", "language": "en"},
        headers={"X-Request-Id": "trail-1"},
    )
    job_id = answer.json()["id"]
    visitor.succeeded(job_id)
    for log in ("speech-worker.log", "default-worker.log", "serving.log"):
        lines = [line for line in log_lines(stack, log) if line.get("job_id") == job_id]
        assert lines, log
        assert {line.get("request_id") for line in lines} == {"trail-1"}, log


def test_a_sentence_that_somebody_waits_for_overtakes_a_film(stack: RunningStack):
    visitor, before = Visitor(stack), spoken(stack)
    lines = [f"Scene {number} tells of a long and winding road that leads over the hills to the sea." for number in range(24)]
    film = visitor.submit("videos", json={"text": "\n\n".join(lines), "language": "en", "resolution": "720p"})
    poll(lambda: bool(spoken(stack) - before))
    visitor.succeeded(visitor.submit("speech", json={"text": "Just one short sentence.", "language": "en"}))
    assert visitor.job(film)["progress"]["stage"] in {"narrate", "render", "illustrate"}
    assert visitor.cancel(film)["status"] == "cancelled"
    assert sum((spoken(stack) - before).values()) < 24, "the film was spoken to its end first"
