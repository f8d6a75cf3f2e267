"""What becomes of a step whose work goes well, fails, or is stopped."""

from __future__ import annotations

import json
import logging
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import soundfile
from sqlalchemy import text as sql

from jobs import views
from jobs.cancel import cancel
from jobs.model import NewStep
from pipeline.video.probing import probe
from pipeline.video.sizes import FPS
from store.database import now
from store.tables import StepRow
from tests.workers.room import FILM, Room, Serving
from tests.workers.test_addresses import picture
from workers.steps.assemble import RESULTS

TEXT = "It rains. It rains. The sun is out again."


def test_a_text_is_spoken_and_what_is_said_twice_is_spoken_once(room: Room, serving: Serving) -> None:
    job_id = room.spoken_text(TEXT)
    assert room.run(job_id, "plan", "speak:0", "join").status == "done"
    assert sorted(serving.said) == ["It rains.", "The sun is out again."]
    job = views.get(room.store, job_id, None)
    assert job is not None
    assert job.status == "succeeded"
    assert [file.name for file in job.files] == ["speech.wav", "speech.srt", "speech.vtt", "timings.json"]
    timings = json.loads(room.store.files.path(job.files[3].address, "timings.json").read_bytes())
    assert [sentence["text"] for sentence in timings["sentences"]] == ["It rains.", "It rains.", "The sun is out again."]


def test_serving_is_told_whose_job_a_passage_is_for(room: Room, serving: Serving) -> None:
    room.run(room.spoken_text(TEXT), "plan", "speak:0")
    assert serving.tenants == {str(room.owner_id)}


def test_a_sentence_in_letters_that_the_voice_does_not_know_is_left_silent_and_the_rest_is_heard(
    room: Room, serving: Serving
) -> None:
    text = "It rains. Привет. The sun is out again."
    serving.unknown = {"Привет."}
    job_id = room.spoken_text(text)
    assert room.run(job_id, "plan", "speak:0", "join").status == "done"
    job = views.get(room.store, job_id, None)
    assert job is not None
    timings = json.loads(room.store.files.path(job.files[3].address, "timings.json").read_bytes())
    assert [sentence["text"] for sentence in timings["sentences"]] == ["It rains.", "Привет.", "The sun is out again."]
    samples, rate = soundfile.read(room.store.files.path(job.files[0].address, "speech.wav"))
    silent, heard = timings["sentences"][1], timings["sentences"][2]
    assert not samples[round(silent["start"] * rate) : round(silent["end"] * rate)].any()
    assert samples[round(heard["start"] * rate) : round(heard["end"] * rate)].any()


def test_a_text_of_which_nothing_can_be_spoken_fails_with_a_sentence(room: Room, serving: Serving) -> None:
    serving.unknown = {"Привет.", "Мир."}
    job_id = room.spoken_text("Привет. Мир.")
    room.run(job_id, "plan", "speak:0", "join")
    job = views.get(room.store, job_id, None)
    assert job is not None
    assert job.error is not None
    assert job.error["code"] == "nothing_to_speak"


def test_a_step_whose_worker_is_to_end_goes_back_and_does_not_count_as_tried(room: Room, serving: Serving) -> None:
    serving.hangs = True
    job_id = room.spoken_text(TEXT)
    room.run(job_id, "plan")
    stopping = threading.Event()
    worker = threading.Thread(target=room.run, args=(job_id, "speak:0"), kwargs={"stopping": stopping})
    worker.start()
    assert serving.asked.wait(30)
    stopping.set()
    worker.join(30)
    assert not worker.is_alive(), "it did not stop"
    step = room.step(job_id, "speak:0")
    assert (step.status, step.attempt) == ("ready", 0)
    serving.hangs = False
    serving.over.set()
    assert room.run(job_id, "speak:0", "join").status == "done"


def test_passages_that_are_in_the_store_are_not_spoken_again(room: Room, serving: Serving) -> None:
    room.run(room.spoken_text(TEXT), "plan", "speak:0")
    assert room.run(room.spoken_text(TEXT, format="mp3"), "plan", "speak:0", "join").status == "done"
    assert len(serving.said) == 2


def test_what_a_step_used_is_recorded_so_that_retention_lets_it_be(room: Room) -> None:
    step = room.run(room.spoken_text(TEXT), "plan", "speak:0")
    assert len(step.summary["entries"]) == 3
    assert {entry.address for entry in room.store.files.entries()} >= set(step.summary["entries"])


@pytest.mark.parametrize(
    ("answer", "status", "job_status"),
    [
        ((503, "speech_failed"), "ready", "running"),
        ((429, "overloaded"), "ready", "running"),
        ((400, "text_too_long"), "failed", "failed"),
    ],
)
def test_what_serving_says_decides_whether_the_step_is_tried_again(
    room: Room, serving: Serving, answer: tuple[int, str], status: str, job_status: str
) -> None:
    serving.refusal = answer
    job_id = room.spoken_text(TEXT)
    step = room.run(job_id, "plan", "speak:0")
    assert (step.status, step.error_code, step.error_message) == (status, answer[1], "Said so.")
    job = views.get(room.store, job_id, None)
    assert job is not None
    assert job.status == job_status


def test_a_step_whose_input_is_gone_from_the_store_is_tried_again(room: Room) -> None:
    job_id = room.submitted("speech", {**FILM, "input": "0" * 64}, NewStep("plan", "plan", "default"))
    step = room.run(job_id, "plan")
    assert (step.status, step.error_code) == ("ready", "file_missing")


def test_an_error_that_nobody_foresaw_tells_the_user_nothing_of_its_inside_and_the_log_nothing_of_the_user(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = room.film("# Rain\n\nIt falls.")
    with room.store.sessions.begin() as session:
        session.execute(sql("UPDATE steps SET kind = 'unheard of'"))
    step = room.run(job_id, "script")
    assert (step.status, step.error_code) == ("ready", "internal_error")
    assert step.error_message is not None
    assert "unheard" not in step.error_message
    failure = next(record for record in caplog.records if record.message == "step failed unexpectedly")
    assert failure.error == "KeyError"  # type: ignore[attr-defined]
    assert "workers/run.py" in failure.where  # type: ignore[attr-defined]
    assert not any("unheard" in str(vars(record)) for record in caplog.records)


def test_a_text_of_which_nothing_can_be_spoken_fails_at_once(room: Room) -> None:
    step = room.run(room.spoken_text("ʼ ৴"), "plan")
    assert (step.status, step.error_code) == ("failed", "nothing_to_speak")


def test_a_voice_that_is_not_there_fails_the_job_and_names_those_that_are(room: Room) -> None:
    job_id = room.spoken_text(TEXT, voice="nobody")
    step = room.run(job_id, "plan", "speak:0")
    assert (step.status, step.error_code) == ("failed", "voice_unknown")
    assert step.error_message is not None
    assert "en_female, vi_female" in step.error_message


def test_a_cancel_stops_a_step_that_waits_for_speech_and_nothing_is_written_after_it(room: Room, serving: Serving) -> None:
    serving.hangs = True
    job_id = room.spoken_text(TEXT)
    room.run(job_id, "plan")
    worker = threading.Thread(target=room.run, args=(job_id, "speak:0"))
    worker.start()
    assert serving.asked.wait(30)
    cancel(room.store, job_id)
    worker.join(30)
    assert not worker.is_alive()
    assert room.step(job_id, "speak:0").status == "cancelled"
    assert len(list(room.store.files.entries())) == 2, "the input and the plan"


def test_a_step_that_another_worker_took_over_is_given_up(room: Room, serving: Serving) -> None:
    serving.hangs = True
    job_id = room.spoken_text(TEXT)
    room.run(job_id, "plan")
    room.hold_leases_for(1.0)
    worker = threading.Thread(target=room.run, args=(job_id, "speak:0"))
    worker.start()
    assert serving.asked.wait(30)
    with room.store.sessions.begin() as session:
        session.execute(sql("UPDATE steps SET fence = fence + 1 WHERE name = 'speak:0'"))
    worker.join(30)
    assert not worker.is_alive()
    assert room.step(job_id, "speak:0").status == "running", "the other worker goes on"


def test_a_lease_is_renewed_although_the_database_was_away_for_a_moment(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    room.hold_leases_for(0.3)
    work = room.work(room.spoken_text(TEXT), "plan")

    def until() -> float:
        with room.store.reads.begin() as session:
            lease = session.get_one(StepRow, work.claim.step_id).lease_until
            assert lease is not None
            return lease.timestamp()

    def missed() -> int:
        return sum(record.message.startswith("lease not renewed") for record in caplog.records)

    waiting = threading.Event()
    with caplog.at_level(logging.WARNING), work.leased():
        with room.store.sessions.begin() as session:
            session.execute(sql("ALTER TABLE steps RENAME TO away"))
        for _ in range(200):
            if missed() >= 2 or waiting.wait(0.05):
                break
        assert missed() >= 2
        with room.store.sessions.begin() as session:
            session.execute(sql("ALTER TABLE away RENAME TO steps"))
            back = now(session) + timedelta(seconds=0.2)
        for _ in range(200):
            if until() > back.timestamp() or waiting.wait(0.05):
                break
        assert until() > back.timestamp()
    assert not work.cancelled()


@pytest.mark.parametrize("what", ["picture", "folder"])
def test_a_picture_folder_whose_links_lead_outside_is_refused(room: Room, tmp_path: Path, what: str) -> None:
    secret, media = tmp_path / "private", room.settings.media_root
    assert media is not None
    secret.mkdir()
    (secret / "secret.png").write_bytes(picture("red"))
    if what == "picture":
        (media / "lent").mkdir()
        (media / "lent" / "1.png").symlink_to(secret / "secret.png")
    else:
        (media / "lent").symlink_to(secret)
    step = room.run(room.film("# Rain\n\nIt falls.", image_folder="lent"), "script", "illustrate:0")
    assert (step.status, step.error_code) == ("failed", "image_folder_outside")


def test_a_picture_in_the_lent_folder_may_be_a_link_that_stays_inside(room: Room) -> None:
    media = room.settings.media_root
    assert media is not None
    (media / "lent").mkdir()
    (media / "kept.png").write_bytes(picture("red"))
    (media / "lent" / "1.png").symlink_to(media / "kept.png")
    step = room.run(room.film("# Rain\n\nIt falls.", image_folder="lent"), "script", "illustrate:0")
    assert step.status == "done"


def test_a_films_picture_and_sound_are_equally_long_and_all_its_files_are_there(room: Room) -> None:
    job_id = room.film("# Rain\n\nIt falls.\n\n# Sun\n\nIt shines again.", subtitles=False)
    scenes = range(room.run(job_id, "script").summary["scenes"])
    steps = [f"{kind}:{scene}" for scene in scenes for kind in ("narrate", "illustrate", "render")]
    assert room.run(job_id, *steps, "assemble").status == "done"
    job = views.get(room.store, job_id, None)
    assert job is not None
    assert job.status == "succeeded"
    assert [file.name for file in job.files] == list(RESULTS)
    film = probe(room.store.files.path(job.files[0].address, "video.mp4"))
    frames = sum(room.step(job_id, f"narrate:{scene}").summary["frames"] for scene in scenes)
    assert round(film.video.duration * FPS) == frames
    assert film.audio.duration == pytest.approx(frames / FPS, abs=0.03)
