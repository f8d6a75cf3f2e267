from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from voices.training import saved
from voices.training.corpus import Corpus
from voices.training.pack import OF_THE_RUN, SPEECH, STATES, pack, unpack
from voices.training.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("run")
    for name in STATES:
        Run(folder, name.removesuffix(".pt")).save({"average": {"a": torch.ones(3)}})
    np.savez(folder / "alignments.npz", ids=[1])
    return folder


@pytest.fixture(scope="module")
def packed(corpus: Corpus, run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file: Path = tmp_path_factory.mktemp("packed") / "corpus.tar"
    pack(file, corpus.folder, run, 32)
    return file


@pytest.fixture
def members(packed: Path, tmp_path: Path) -> Path:
    """What the pack holds, in a folder, to be packed otherwise."""
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path / "members", filter="data")
    return tmp_path / "members"


def tarred(members: Path) -> Path:
    """A pack of a folder's files as they are."""
    file = members.with_suffix(".tar")
    with tarfile.open(file, "w") as archive:
        for path in sorted(members.iterdir()):
            archive.add(path, path.name)
    return file


def refused(file: Path, why: str, packed: Path) -> None:
    """A bad pack is told and leaves nothing, so that a good one can be unpacked there."""
    data, run = file.parent / "data there", file.parent / "run there"
    with pytest.raises(SystemExit, match=why):
        unpack(file, data, run)
    assert not [*data.glob("**/*"), *run.glob("**/*")]
    unpack(packed, data, run)
    assert Corpus(data).utterances
    shutil.rmtree(data)
    shutil.rmtree(run)


def test_a_packed_corpus_is_small_and_comes_back_sample_upon_sample(
    corpus: Corpus, run: Path, packed: Path, tmp_path: Path
) -> None:
    assert packed.stat().st_size < (corpus.folder / "waves.i16").stat().st_size / 6
    unpack(packed, tmp_path / "there", tmp_path / "run there")
    again = Corpus(tmp_path / "there")
    assert again.utterances == corpus.utterances
    for utterance in corpus.utterances[::9]:
        before, after = corpus.wave(utterance), again.wave(utterance)
        assert len(after) == len(before)
        assert np.corrcoef(before, after)[0, 1] > 0.9
    for name in OF_THE_RUN:
        assert (tmp_path / "run there" / name).read_bytes() == (run / name).read_bytes()
    assert saved.average(tmp_path / "run there", "aligner")["a"].equal(torch.ones(3))


def test_a_corpus_is_not_packed_before_it_was_aligned(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="up to the durations"):
        pack(tmp_path / "corpus.tar", corpus.folder, tmp_path, 32)
    assert not list(tmp_path.iterdir())


def test_unpacking_replaces_nothing_that_is_there(corpus: Corpus, run: Path, packed: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--data"):
        unpack(packed, corpus.folder, tmp_path / "new run")
    with pytest.raises(SystemExit, match=r"aligner\.pt"):
        unpack(packed, tmp_path / "new", run)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", [SPEECH, "utterances.jsonl", "durations.pt"])
def test_a_pack_that_lacks_a_file_is_told_and_leaves_nothing(members: Path, packed: Path, name: str) -> None:
    (members / name).unlink()
    refused(tarred(members), f"no whole pack: it lacks {name}. Nothing was unpacked", packed)


def test_a_pack_with_speech_that_cannot_be_read_is_told_and_leaves_nothing(members: Path, packed: Path) -> None:
    speech = (members / SPEECH).read_bytes()
    (members / SPEECH).write_bytes(os.urandom(2_000))
    refused(tarred(members), f"{SPEECH} could not be decoded", packed)
    (members / SPEECH).write_bytes(speech[: len(speech) // 2])
    refused(tarred(members), f"{SPEECH} ends before", packed)


def test_a_pack_with_lines_that_tell_of_no_speech_is_told_and_leaves_nothing(members: Path, packed: Path) -> None:
    for lines in ("", '{"id": 1}\n', "[]\n", "no JSON\n"):
        (members / "utterances.jsonl").write_text(lines)
        refused(tarred(members), r"utterances\.jsonl", packed)


def test_a_pack_whose_state_would_run_something_is_told_and_leaves_nothing(members: Path, packed: Path, tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "harm"),)

    torch.save({"kept": Harm(), "minutes": 1.0, "random": ()}, members / "aligner.pt")
    refused(tarred(members), r"aligner\.pt is nothing that a training saved", packed)
    assert not (tmp_path / "harm").exists()


def test_what_is_no_pack_is_told(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "junk.tar").write_bytes(os.urandom(3_000))
    refused(tmp_path / "junk.tar", "cannot be read", packed)
    (tmp_path / "half.tar").write_bytes(packed.read_bytes()[: packed.stat().st_size // 2])
    refused(tmp_path / "half.tar", "no whole pack", packed)
    with pytest.raises(SystemExit, match=r"missing\.tar is no file"):
        unpack(tmp_path / "missing.tar", tmp_path / "data", tmp_path / "run")


def test_links_and_files_that_are_not_of_a_pack_are_left_in_it(members: Path, packed: Path, tmp_path: Path) -> None:
    (members / "more.txt").write_text("more")
    unpack(tarred(members), tmp_path / "data", tmp_path / "run")
    assert not list(tmp_path.glob("[dr]*/more.txt"))
    (members / "aligner.pt").unlink()
    (members / "aligner.pt").symlink_to("/etc/hostname")
    refused(tarred(members), r"it lacks aligner\.pt", packed)
