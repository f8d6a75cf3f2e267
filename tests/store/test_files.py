from __future__ import annotations

import hashlib
import os
import signal
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from store.errors import BadAddress, BadName, MissingFile
from store.files import FileStore, address_of
from tests.services import PROCESSES

ADDRESS = address_of("test", text="xin chào")
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def make_old(files: FileStore, address: str) -> None:
    old = (YESTERDAY - timedelta(days=1)).timestamp()
    os.utime(files.path(address, "a").parent, (old, old))


def publish_at_signal(root: Path, start: Event) -> None:
    start.wait(30)
    for number in range(50):
        FileStore(root).publish(address_of("race", number=number), {"a": b"x" * 10_000, "b": b"y"})


def hold_scratch(root: Path, begun: Event) -> None:
    with FileStore(root).scratch() as folder:
        (folder / "half.wav").write_bytes(b"half")
        begun.set()
        signal.pause()


def test_an_entry_is_read_back_by_name(files: FileStore) -> None:
    assert not files.has(ADDRESS)
    files.publish(ADDRESS, {"text.txt": "xin chào".encode(), "empty": b""})
    assert files.has(ADDRESS)
    assert files.path(ADDRESS, "text.txt").read_text("utf-8") == "xin chào"
    assert files.path(ADDRESS, "empty").read_bytes() == b""


def test_an_address_depends_on_all_parts_and_not_on_their_order() -> None:
    assert address_of("k", a=1, b=[1.5, "é"]) == address_of("k", b=[1.5, "é"], a=1)
    different = [
        address_of("k", a=1),
        address_of("l", a=1),
        address_of("k", a=1.0),
        address_of("k", a="1"),
        address_of("k", b=1),
    ]
    assert len(set(different)) == len(different)


def test_an_address_is_the_hash_of_the_canonical_json() -> None:
    canonical = '["speech",{"seed":7,"speed":1.1,"text":"Hà Nội"}]'
    assert address_of("speech", text="Hà Nội", speed=1.1, seed=7) == hashlib.sha256(canonical.encode()).hexdigest()


def test_a_file_from_scratch_is_moved_in(files: FileStore) -> None:
    with files.scratch() as scratch:
        made = scratch / "made.bin"
        made.write_bytes(b"frames")
        files.publish(ADDRESS, {"video.mp4": made})
        assert not made.exists()
    assert files.path(ADDRESS, "video.mp4").read_bytes() == b"frames"


def test_publishing_again_changes_nothing(files: FileStore) -> None:
    files.publish(ADDRESS, {"a": b"first"})
    files.publish(ADDRESS, {"a": b"second"})
    assert files.path(ADDRESS, "a").read_bytes() == b"first"


def test_a_publish_that_fails_leaves_nothing(files: FileStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.publish(ADDRESS, {"a": b"good", "b": tmp_path / "not there"})
    assert not files.has(ADDRESS)
    assert [path for path in files.root.rglob("*") if path.is_file()] == []


def test_two_publishers_of_the_same_entries_at_the_same_time_both_succeed(files: FileStore) -> None:
    start = PROCESSES.Event()
    publishers = [PROCESSES.Process(target=publish_at_signal, args=(files.root, start)) for _ in range(2)]
    for publisher in publishers:
        publisher.start()
    start.set()
    for publisher in publishers:
        publisher.join(60)
    assert [publisher.exitcode for publisher in publishers] == [0, 0]
    entries = list(files.entries())
    assert len(entries) == 50
    assert {entry.bytes for entry in entries} == {10_001}
    assert list((files.root / "scratch").iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_what_a_live_one_holds_is_not(files: FileStore) -> None:
    begun = PROCESSES.Event()
    holder = PROCESSES.Process(target=hold_scratch, args=(files.root, begun))
    holder.start()
    assert begun.wait(30)
    assert files.sweep() == 0
    assert len(list((files.root / "scratch").glob("*/half.wav"))) == 1
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(30)
    assert files.sweep() == 1
    assert list((files.root / "scratch").iterdir()) == []
    assert list(files.entries()) == []


def test_a_sweep_of_a_store_that_was_never_used_finds_nothing(files: FileStore) -> None:
    assert files.sweep() == 0


@pytest.mark.parametrize("address", ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "../" + "a" * 61, "a" * 64 + "\n"])
def test_what_is_no_address_is_refused(files: FileStore, address: str) -> None:
    for attempt in (lambda: files.has(address), lambda: files.publish(address, {"a": b""}), lambda: files.path(address, "a")):
        with pytest.raises(BadAddress, match="no address"):
            attempt()


@pytest.mark.parametrize("name", ["", ".", "..", "...", "a/b", "../a", "/etc/passwd", "a\\b", "a\0b", "a\nb", "a" * 201])
def test_what_could_leave_its_entry_is_no_name(files: FileStore, name: str) -> None:
    for attempt in (lambda: files.publish(ADDRESS, {name: b""}), lambda: files.path(ADDRESS, name)):
        with pytest.raises(BadName, match="plain name"):
            attempt()


def test_a_missing_file_is_told_with_its_code(files: FileStore) -> None:
    with pytest.raises(MissingFile, match="Submit the job again") as caught:
        files.path(ADDRESS, "a")
    assert caught.value.code == "file_missing"


def test_an_entry_without_files_is_refused(files: FileStore) -> None:
    with pytest.raises(ValueError, match="at least one file"):
        files.publish(ADDRESS, {})


def test_a_removed_entry_is_gone_and_can_be_published_again(files: FileStore) -> None:
    files.publish(ADDRESS, {"a": b"1"})
    files.remove(ADDRESS)
    files.remove(ADDRESS)
    assert not files.has(ADDRESS)
    files.publish(ADDRESS, {"a": b"2"})
    assert files.path(ADDRESS, "a").read_bytes() == b"2"


def test_only_an_entry_that_nobody_asked_for_is_old(files: FileStore) -> None:
    for number in range(3):
        files.publish(address_of("old", number=number), {"a": b""})
        make_old(files, address_of("old", number=number))
    assert files.has(address_of("old", number=1))
    files.publish(address_of("old", number=2), {"a": b""})
    removed = [files.remove_older(address_of("old", number=number), YESTERDAY) for number in range(4)]
    assert removed == [True, False, False, False]
    assert [files.has(address_of("old", number=number)) for number in range(3)] == [False, True, True]
