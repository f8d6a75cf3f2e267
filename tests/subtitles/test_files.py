from __future__ import annotations

from pathlib import Path

import pysubs2
import pytest

from pipeline.subtitles.ass import ass_text, escaped
from pipeline.subtitles.cues import Cue, cues
from pipeline.subtitles.files import srt_text, vtt_text, write_ass, write_srt, write_vtt

from .narrated import VIETNAMESE, narrate

HARD = Cue(1.0, 2.5, (r"C:\New {\b1}bold{/b}", "a < b && c --> d"))


@pytest.mark.parametrize(("writer", "name"), [(write_srt, "a.srt"), (write_vtt, "a.vtt")])
def test_another_program_reads_the_same_cues_back(writer, name: str, tmp_path: Path) -> None:
    written = cues(VIETNAMESE, *narrate(VIETNAMESE))
    writer(written, tmp_path / name)
    read = pysubs2.load(str(tmp_path / name))
    assert [(event.start, event.end) for event in read] == [(round(cue.start * 1000), round(cue.end * 1000)) for cue in written]
    assert [event.plaintext for event in read] == [cue.text for cue in written]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_ass_holds_the_same_cues_and_the_size_of_the_frame(tmp_path: Path) -> None:
    written = cues(VIETNAMESE, *narrate(VIETNAMESE))
    write_ass(written, (1920, 1080), tmp_path / "a.ass")
    read = pysubs2.load(str(tmp_path / "a.ass"))
    assert (read.info["PlayResX"], read.info["PlayResY"]) == ("1920", "1080")
    assert [(event.start, event.end) for event in read] == [(round(cue.start * 1000), round(cue.end * 1000)) for cue in written]
    assert [event.plaintext for event in read] == [cue.text for cue in written]


def test_signs_that_mean_something_to_ass_are_shown_as_they_are() -> None:
    text = escaped(HARD.lines[0])
    assert r"\{" in text
    assert r"\}" in text
    assert r"\N" not in text
    assert "\\\u2060N" in text


def test_webvtt_escapes_its_own_signs() -> None:
    assert "a &lt; b &amp;&amp; c --&gt; d" in vtt_text([HARD])
    assert vtt_text([HARD]).startswith("WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n")


def test_subrip_has_no_second_arrow_of_signs_in_a_cue() -> None:
    assert srt_text([HARD]).count("-->") == 1


def test_films_of_an_hour_and_more_have_right_clocks() -> None:
    text = srt_text([Cue(3725.04, 3727.999, ("x",))])
    assert text == "1\n01:02:05,040 --> 01:02:07,999\nx\n"


def test_a_title_is_shown_only_where_it_is_asked_for() -> None:
    assert "Title,," in ass_text([HARD], (1280, 720), "Vì sao {trời} mưa?")
    assert "Title,," not in ass_text([HARD], (1280, 720))


def test_no_cues_give_valid_files() -> None:
    assert srt_text([]) == ""
    assert vtt_text([]) == "WEBVTT\n"
    assert len(pysubs2.SSAFile.from_string(ass_text([], (1280, 720)))) == 0


def test_a_file_that_cannot_be_written_leaves_the_old_one_whole(tmp_path: Path) -> None:
    out = tmp_path / "a.srt"
    write_srt([HARD], out)
    before = out.read_bytes()
    with pytest.raises(UnicodeEncodeError):
        write_srt([Cue(0, 1, ("\ud800",))], out)
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.srt"]
