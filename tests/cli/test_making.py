from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys

import pytest
import soundfile

from tests.api.running import wait_until
from tests.cli.flaky_proxy import flaky_proxy
from tests.cli.hand_worker import tone


def only(jobs):
    (job,) = jobs()
    return job


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_say_writes_the_sound_and_nothing_else(cli, worker, folder, jobs):
    done = cli(
        "say", "Hello there.", "-o", "out.wav", "--voice", "en_male", "--speed", "1.25", "--seed", "5", "--language", "en"
    )
    assert done.returncode == 0, done.stderr
    samples, rate = soundfile.read(folder / "out.wav")
    assert (len(samples), rate) == (12_000, 24_000)
    assert names(folder) == ["out.wav"]
    assert done.stdout == b""
    assert "Wrote out.wav" in done.stderr
    assert {name: only(jobs).request[name] for name in ("voice", "speed", "seed", "format", "language")} == {
        "voice": "en_male",
        "speed": 1.25,
        "seed": 5,
        "format": "wav",
        "language": "en",
    }


def test_the_file_of_a_user_is_readable_as_any_other(cli, worker, folder):
    cli("say", "Hello.", "-o", "out.wav")
    (folder / "plain").write_text("")
    assert (folder / "out.wav").stat().st_mode == (folder / "plain").stat().st_mode


def test_say_reads_standard_input_and_writes_standard_output(cli, worker, jobs):
    done = cli("say", "-", "-o", "-", given="Xin chào từ đường ống.".encode())
    assert done.returncode == 0, done.stderr
    assert len(soundfile.read(io.BytesIO(done.stdout))[0]) == 12_000
    assert only(jobs).title == "Xin chào từ đường ống."


def test_without_a_name_the_sound_is_an_mp3(cli, worker, folder, jobs):
    assert cli("say", "Hello.", "--quiet").returncode == 0
    assert names(folder) == ["speech.mp3"]
    assert only(jobs).request["format"] == "mp3"


def test_say_speaks_a_document(cli, worker, folder, store, jobs):
    (folder / "notes.md").write_text("# Title\n\nSome *words*.", encoding="utf-8")
    assert cli("say", "--document", "notes.md", "-o", "notes.flac").returncode == 0
    text = store.files.path(only(jobs).request["input"], "text.txt").read_text(encoding="utf-8")
    assert text == "Title.\n\nSome words."


def test_video_writes_the_film_and_what_belongs_beside_it(cli, worker, folder, jobs):
    (folder / "rain.md").write_text("# Rain\n\nIt falls.", encoding="utf-8")
    done = cli("video", "rain.md", "--resolution", "720p", "--aspect", "9:16", "--no-subtitles")
    assert done.returncode == 0, done.stderr
    assert names(folder) == ["rain.credits.json", "rain.md", "rain.mp4", "rain.srt", "rain.vtt"]
    assert (folder / "rain.srt").read_text(encoding="utf-8").endswith("Xin chào\n")
    request = only(jobs).request
    assert (request["resolution"], request["aspect"], request["subtitles"]) == ("720p", "9:16", False)


def test_video_reads_standard_input_and_can_leave_the_sidecars_out(cli, worker, folder):
    done = cli("video", "-", "-o", "film.mp4", "--no-sidecars", given=b"# Piped\n\nWords.")
    assert done.returncode == 0, done.stderr
    assert names(folder) == ["film.mp4"]


def test_video_sends_pictures(cli, worker, folder, jobs):
    from tests.api.test_submitting import picture

    (folder / "a.png").write_bytes(picture())
    (folder / "b.png").write_bytes(picture())
    (folder / "doc.txt").write_text("Words.")
    done = cli("video", "doc.txt", "--image", "a.png", "--image", "b.png")
    assert done.returncode == 0, done.stderr
    assert only(jobs).request["images"]["names"] == ["001-a.png", "002-b.png"]


def test_json_is_for_programs(cli, worker, jobs):
    done = cli("say", "Hello.", "-o", "out.wav", "--json", "--quiet")
    job = json.loads(done.stdout)
    assert (job["id"], job["status"], job["output"]) == (only(jobs).id, "succeeded", "out.wav")
    assert done.stderr == ""


def test_progress_is_plain_lines_where_there_is_no_terminal(start, worker):
    worker.ending = "never"
    process = start("say", "Hello.", "-o", "out.wav")
    line = b""
    while b"Planning" not in line:
        line = process.stderr.readline()
        assert line
    assert b"\x1b" not in line


def test_on_a_terminal_progress_is_a_bar(environment, folder, worker):
    outer, inner = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "say", "Hello.", "-o", "out.wav"],
        cwd=folder,
        env={**environment, "TERM": "xterm", "COLUMNS": "100"},
        stdin=inner,
        stdout=inner,
        stderr=inner,
    )
    os.close(inner)
    seen = b""
    while True:
        try:
            data = os.read(outer, 4096)
        except OSError:
            break
        if not data:
            break
        seen += data
    assert process.wait(60) == 0, seen
    assert "━".encode() in seen
    assert b"%" in seen
    assert b"Wrote out.wav" in seen


class TestWhatGoesWrong:
    def test_a_job_that_fails_exits_with_1_and_leaves_the_old_file(self, cli, worker, folder):
        worker.ending = "badly"
        (folder / "out.wav").write_text("what was there before")
        done = cli("say", "Hello.", "-o", "out.wav")
        assert done.returncode == 1
        assert "Break it in two. (passage_too_long, job " in done.stderr
        assert names(folder) == ["out.wav"]
        assert (folder / "out.wav").read_text() == "what was there before"

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("say",), "either a text or --document"),
            (("say", "a", "--document", "b.txt"), "either a text or --document"),
            (("say", "a", "-o", "out.txt"), ".wav, .mp3, .opus, .flac"),
            (("say", "a", "-o", "missing/out.wav"), "does not exist"),
            (("say", "a", "-o", "."), "format"),
            (("say", "a", "--speed", "9"), "speed"),
            (("say", "a", "--language", "fr"), "'--language': 'fr' is not one of"),
            (("say", " "), "text is empty"),
            (("say", "a", "-o", "-", "--json"), "standard output"),
            (("say", "a", "--detach", "--local"), "do not go together"),
            (("say", "--document", "missing.pdf"), "missing.pdf cannot be read"),
            (("video", "missing.pdf"), "missing.pdf cannot be read"),
            (("video", "missing.pdf", "--local"), "missing.pdf cannot be read"),
            (("video", "."), "it is a folder"),
            (("video", "-", "--image", "missing.png"), "missing.png cannot be read"),
            (("video", "a.txt", "-o", "a.avi"), ".mp4"),
            (("nonsense",), "nonsense"),
        ],
    )
    def test_wrong_use_exits_with_2_before_any_work(self, cli, arguments, told, jobs):
        done = cli(*arguments)
        assert done.returncode == 2
        assert told.lower() in " ".join(done.stderr.lower().split())
        assert jobs() == []

    def test_an_input_that_the_server_refuses_exits_with_2_and_its_code(self, cli, folder, jobs):
        (folder / "scan.zip").write_bytes(b"PK\x03\x04" + bytes(100))
        for done, code in (
            (cli("say", "...", "-o", "out.wav"), "(nothing_to_speak)"),
            (cli("video", "scan.zip", "-o", "out.mp4"), "(unsupported_type)"),
            (cli("say", "Hello.", "--voice", "a\nb"), "(invalid_request)\n  voice: "),
            (cli("say", "-", given=b"caf\xe9"), "not UTF-8"),
        ):
            assert done.returncode == 2
            assert code in done.stderr
            assert "OCR" not in done.stderr
        assert jobs() == []

    def test_a_wrong_key_exits_with_2(self, cli):
        done = cli("say", "Hello.", VOXREEL_API_KEY="vx_wrong")
        assert done.returncode == 2
        assert "(key_invalid)" in done.stderr

    def test_a_server_that_is_not_there_exits_with_3(self, cli):
        done = cli("say", "Hello.", VOXREEL_URL="http://127.0.0.1:9")
        assert done.returncode == 3
        assert "voxreel serve" in done.stderr

    def test_a_server_that_is_no_voxreel_is_told_apart(self, cli):
        from tests.api.running import voices_server

        with voices_server({}) as url:
            done = cli("jobs", VOXREEL_URL=url)
        assert done.returncode == 2
        assert "VOXREEL_URL" in done.stderr

    @pytest.mark.usefixtures("interruptible")
    def test_ctrl_c_cancels_the_job_and_exits_with_130(self, start, worker, folder, jobs):
        worker.ending = "never"
        process = start("say", "Hello.", "-o", "out.wav")
        wait_until(lambda: len(jobs()) == 1 and only(jobs).status == "running", "the job")
        while b"Planning" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert b"was cancelled" in err
        assert b"Traceback" not in err
        assert only(jobs).status == "cancelled"
        assert names(folder) == []

    def test_a_server_that_restarts_is_waited_for(self, start, worker, store, server, folder, jobs):
        worker.ending = "never"
        process = start("say", "Hello.", "-o", "out.wav")
        wait_until(lambda: len(jobs()) == 1 and only(jobs).status == "running", "the job")
        while b"Planning" not in process.stderr.readline():
            pass
        server.stop()
        server.start()
        from jobs.cancel import cancel

        cancel(store, only(jobs).id)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert b"cancelled by somebody else" in err

    def test_a_connection_that_breaks_again_and_again_costs_nothing_but_time(self, cli, worker, server, folder):
        sound = tone(20)
        worker.files = {"speech.wav": ("audio/wav", sound)}
        with flaky_proxy(server.port, cut_after=200_000, cuts=3) as url:
            done = cli("say", "Hello.", "-o", "out.wav", VOXREEL_URL=url)
        assert done.returncode == 0, done.stderr
        assert (folder / "out.wav").read_bytes() == sound
        assert names(folder) == ["out.wav"]
