from __future__ import annotations

import os
import shutil
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from serving.checkpoints import checkpoint
from serving.engine import Engine
from serving.errors import CheckpointError, UnknownVoice, VoiceUnusable
from serving.model.mel import Mel
from serving.voices import cache as voice_cache
from serving.voices import voice as voices
from serving.voices.voice import Voice

from . import published
from .conftest import SAMPLE

CPU = torch.device("cpu")
NAMES = ["en_female", "en_male", "vi_female", "vi_male"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint's folder with the references of the bundled voice and nothing else."""
    shutil.copytree(SAMPLE / "references", tmp_path / "references", copy_function=shutil.copyfile)
    return tmp_path


def load(folder: Path, most_bytes: int = voice_cache.KEPT_BYTES) -> voices.Voices:
    return voices.load(folder, Mel(), 0.1, CPU, most_bytes=most_bytes)


def spoil(folder: Path, name: str) -> None:
    (folder / "references" / name).write_bytes(b"no such thing")


def copy(folder: Path, old: str, new: str) -> None:
    for suffix in (".json", ".wav"):
        shutil.copyfile(SAMPLE / "references" / (old + suffix), folder / "references" / (new + suffix))


def test_voices_are_a_mapping_from_names(folder: Path) -> None:
    found = load(folder)
    assert list(found) == sorted(found) == NAMES
    assert len(found) == 4
    assert "en_male" in found
    assert found.get("nobody") is None
    with pytest.raises(KeyError):
        found["nobody"]
    assert [voice.name for voice in found.values()] == NAMES
    assert found["en_male"] is found["en_male"], "read once"


def test_a_voice_that_is_added_speaks_without_a_restart(folder: Path) -> None:
    found = load(folder)
    copy(folder, "vi_male", "minh")
    assert found["minh"].text == found["vi_male"].text
    assert "minh" in [voice.name for voice in found.listed()]
    (folder / "references" / "minh.wav").unlink()
    assert "minh" not in found
    assert found.get("minh") is None


def test_a_voice_that_is_changed_is_read_again_and_gets_another_fingerprint(folder: Path) -> None:
    found = load(folder)
    before, others = found["en_male"], {voice.name: voice.fingerprint for voice in found.listed()}
    copy(folder, "en_female", "en_male")
    after = found["en_male"]
    assert after.text == found["en_female"].text != before.text
    assert not torch.equal(after.mel[:50], before.mel[:50])
    listed = {voice.name: voice.fingerprint for voice in found.listed()}
    assert listed["en_male"] == after.fingerprint == found["en_female"].fingerprint != before.fingerprint
    assert {name for name in NAMES if listed[name] != others[name]} == {"en_male"}


def test_a_change_that_keeps_the_size_is_seen(folder: Path) -> None:
    found = load(folder)
    path = folder / "references" / "en_male.json"
    before = found["en_male"]
    path.write_text(path.read_text("utf-8").replace('"language": "en"', '"language": "vi"'), "utf-8")
    os.utime(path, ns=(1, 1))
    assert (before.language, found["en_male"].language) == ("en", "vi")


@pytest.mark.parametrize("name", ["en_female.wav", "en_female.json"])
def test_a_broken_voice_fails_alone_and_works_again_when_it_is_mended(folder: Path, name: str) -> None:
    spoil(folder, name)
    found = load(folder)
    for _ in range(2):
        with pytest.raises(VoiceUnusable, match=r"The voice en_female has a \.(wav|json) that cannot be"):
            found["en_female"]
    assert [voice.name for voice in found.values()] == NAMES[1:]
    assert [voice.name for voice in found.listed()] == NAMES[1:]
    copy(folder, "en_female", "en_female")
    assert found["en_female"].frames > 0
    assert [voice.name for voice in found.listed()] == NAMES


def test_listing_a_broken_voice_again_and_again_piles_nothing_up(folder: Path) -> None:
    spoil(folder, "en_female.wav")
    found = load(folder)
    with pytest.raises(VoiceUnusable) as error:
        found["en_female"]
    depths = set()
    for _ in range(3):
        found.listed()
        depths.add(len(list(traceback.walk_tb(error.value.__traceback__))))
    assert len(depths) == 1, "the error is kept, what it passed through is not"


def test_a_voice_without_its_json_says_what_it_needs(folder: Path) -> None:
    (folder / "references" / "en_male.json").unlink()
    with pytest.raises(VoiceUnusable, match=r"It needs en_male\.wav, and en_male\.json with text and language"):
        load(folder)["en_male"]


def test_a_folder_without_a_usable_voice_stops_the_start(folder: Path) -> None:
    for name in NAMES:
        spoil(folder, f"{name}.wav")
    with pytest.raises(
        CheckpointError, match=r"No voice can be used\. The voice en_female has a \.wav that cannot be read"
    ) as error:
        load(folder)
    assert error.value.code == "checkpoint_corrupt"
    shutil.rmtree(folder / "references")
    with pytest.raises(CheckpointError) as error:
        load(folder)
    assert error.value.code == "checkpoint_missing"


def test_listing_reads_no_spectrogram(folder: Path) -> None:
    found = load(folder)
    one = found.kept_bytes
    assert [(voice.name, voice.language) for voice in found.listed()] == [(name, name[:2]) for name in NAMES]
    assert found.kept_bytes == one == found["en_female"].bytes, "only the voice that the start looked at"


def test_what_is_kept_is_bounded_and_the_least_lately_used_goes_first(folder: Path) -> None:
    sizes = {name: voice.bytes for name, voice in load(folder).items()}
    found = load(folder, most_bytes=max(sizes.values()) * 2)
    first = found["en_female"]
    for name in NAMES:
        assert found["en_female"] is first, "used again and again"
        found[name]
        assert found.kept_bytes <= max(sizes.values()) * 2
    for name in NAMES:
        found[name]
    assert found["en_female"] is not first
    tiny = load(folder, most_bytes=1)
    assert tiny["vi_male"] is tiny["vi_male"], "the voice in use is kept whatever its size"


def test_a_voice_that_many_ask_for_at_once_is_read_once() -> None:
    names, gate = [], threading.Barrier(8)

    def read(name: str, wave: bytes, about: bytes) -> Voice:
        names.append(name)
        return voices.load(SAMPLE, Mel(), 0.1, CPU)[name]

    found = voice_cache.Voices(SAMPLE / "references", read)

    def ask(number: int) -> Voice:
        gate.wait(20)
        return found[NAMES[number % 2]]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert sorted(names) == NAMES[:2]
    assert len({id(answer) for answer in answers}) == 2


@pytest.mark.parametrize("name", ["../references/en_male", "./en_male", "en_male.wav", "", "a" * 10_000, "nul\0"])
def test_a_name_that_leads_elsewhere_is_no_voice(folder: Path, name: str) -> None:
    assert name not in load(folder)


def test_the_fingerprint_of_the_checkpoint_leaves_the_voices_to_their_own(tmp_path: Path) -> None:
    copied = Path(shutil.copytree(SAMPLE, tmp_path / "sample", copy_function=shutil.copyfile))
    before = checkpoint.fingerprint(copied)
    (copied / "references" / "new.wav").write_bytes(b"x")
    assert checkpoint.fingerprint(copied) == before


def test_an_engine_speaks_with_the_good_voices_beside_a_broken_one(tmp_path: Path) -> None:
    written = published.write(tmp_path)
    (written / "references" / "aaron.wav").write_bytes(b"broken")
    engine = Engine(checkpoint.load(written, CPU))
    engine.warm_up()
    assert engine.plan("Hello", "amy", 1.0, 0).voice.name == "amy"
    with pytest.raises(VoiceUnusable, match="The voice aaron"):
        engine.plan("Hello", "aaron", 1.0, 0)
    with pytest.raises(UnknownVoice):
        engine.plan("Hello", "ann", 1.0, 0)


def test_a_file_on_its_way_is_no_voice_yet(folder: Path) -> None:
    (folder / "references" / ".minh.wav").write_bytes(b"half")
    assert list(load(folder)) == NAMES


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems hold no such names")
def test_a_file_whose_name_is_not_utf8_keeps_nobody_from_the_other_voices(folder: Path) -> None:
    copy(folder, "vi_male", os.fsdecode(b"\xff"))
    found = load(folder)
    assert [voice.name for voice in found.listed()] == NAMES
