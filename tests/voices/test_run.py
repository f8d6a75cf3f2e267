"""What a run leaves on disk, whatever happens to it."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from voices.training import run, saved
from voices.training.learner import Learner

#: A training of its own process: folder, steps, seconds of a step, and the largest file that the disk takes (0: any).
TRAINS = """
import resource, sys, time
from pathlib import Path
from tests.voices.test_run import Halving
from voices.training import run
folder, steps, seconds, most = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
if most:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
class Slow(Halving):
    def advance(self):
        time.sleep(seconds)
        super().advance()
run.carry_out(Slow(steps=steps), folder, "halving")
"""


class Halving(Learner):
    """Learns to answer 0."""

    def __init__(self, width: int = 300, steps: int = 3) -> None:
        torch.manual_seed(0)
        model = nn.Linear(width, width)
        super().__init__(model, [torch.optim.Adam(model.parameters(), 1e-2)], steps=steps, decay=0.9, tell_every=1)

    def loss(self) -> torch.Tensor:
        """Of a random input."""
        return self.model(torch.randn(2, self.model.in_features)).square().mean()


def training(folder: Path, steps: int, seconds: float = 0.0, most: int = 0) -> subprocess.Popen[str]:
    """A process that trains."""
    command = [sys.executable, "-c", TRAINS, str(folder), str(steps), str(seconds), str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a run that was carried out."""
    run.carry_out(Halving(), tmp_path / "cpu", "halving")
    return tmp_path / "cpu"


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A training that is under way in `cpu`."""
    process = training(tmp_path / "cpu", 100_000, 0.05)
    try:
        until = time.monotonic() + 120
        while not (tmp_path / "cpu" / "halving.csv").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_run_of_a_training_is_told_who_runs_it_and_changes_nothing(
    slow: subprocess.Popen[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match=rf"Process {slow.pid} trains the halving in .*kill {slow.pid}"):
        run.carry_out(Halving(), tmp_path / "cpu", "halving")
    assert not (tmp_path / "cpu" / "halving.pt").exists()
    run.carry_out(Halving(), tmp_path / "cpu", "other")
    assert saved.kept(tmp_path / "cpu", "other")["step"] == 3, "another training runs beside it"


def test_the_folder_of_a_run_that_was_killed_is_free(slow: subprocess.Popen[str], tmp_path: Path) -> None:
    slow.send_signal(signal.SIGKILL)
    slow.wait()
    run.carry_out(Halving(), tmp_path / "cpu", "halving")
    assert saved.kept(tmp_path / "cpu", "halving")["step"] == 3


def test_a_run_that_is_told_to_end_has_saved_when_it_lets_go_of_the_folder(slow: subprocess.Popen[str], tmp_path: Path) -> None:
    slow.terminate()
    assert slow.wait() == 143
    step = saved.kept(tmp_path / "cpu", "halving")["step"]
    run.carry_out(Halving(steps=step + 1), tmp_path / "cpu", "halving")
    assert saved.kept(tmp_path / "cpu", "halving")["step"] == step + 1


@pytest.mark.parametrize("left", [0, 700, 100_000])
def test_a_state_that_was_cut_off_is_told_with_what_to_do(folder: Path, left: int) -> None:
    state = folder / "halving.pt"
    state.write_bytes(state.read_bytes()[:left])
    advice = r"halving\.pt is cut off.*Move it away and train anew: python -m voices\.training\.halving --size cpu"
    with pytest.raises(SystemExit, match=advice):
        run.carry_out(Halving(), folder, "halving")
    with pytest.raises(SystemExit, match=advice):
        saved.kept(folder, "halving")
    assert state.stat().st_size == left, "it is left for whoever wants to look into it"
    state.unlink()
    run.carry_out(Halving(), folder, "halving")


def test_a_state_of_another_recipe_is_told_with_what_to_do(folder: Path) -> None:
    with pytest.raises(SystemExit, match=r"another recipe: .*size mismatch.*Move it away"):
        run.carry_out(Halving(width=200), folder, "halving")
    torch.save({"kept": {"step": 3}, "minutes": 1.0, "random": ()}, folder / "halving.pt")
    with pytest.raises(SystemExit, match="it has no 'average'"):
        saved.average(folder, "halving")
    with pytest.raises(SystemExit, match="another recipe"):
        run.carry_out(Halving(), folder, "halving")
    torch.save([1, 2], folder / "halving.pt")
    with pytest.raises(SystemExit, match="another recipe"):
        saved.minutes(folder, "halving")


def test_nothing_that_lies_in_a_state_is_run(folder: Path, tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "harm"),)

    for harmful in ({"kept": Harm(), "minutes": 1.0, "random": ()}, Harm()):
        torch.save(harmful, folder / "halving.pt")
        with pytest.raises(SystemExit, match="holds what no training saves"):
            run.carry_out(Halving(), folder, "halving")
        (folder / "halving.pt").write_bytes(pickle.dumps(harmful, protocol=2))
        with pytest.raises(SystemExit, match="halving"):
            saved.kept(folder, "halving")
    assert not (tmp_path / "harm").exists()


def test_a_full_disk_is_told_and_leaves_the_last_state_and_no_rest(folder: Path) -> None:
    before = (folder / "halving.pt").read_bytes()
    process = training(folder, 6, most=len(before) // 2)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert "halving.pt could not be written: [Errno 27] File too large. Mend that, or make room: " in errors
    assert (folder / "halving.pt").read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {"halving.pt", "halving.csv", "halving.lock"}
    run.carry_out(Halving(steps=6), folder, "halving")
    assert saved.kept(folder, "halving")["step"] == 6


def test_losses_have_their_head_also_where_the_table_was_left_empty(tmp_path: Path) -> None:
    (tmp_path / "halving.csv").touch()
    run.carry_out(Halving(), tmp_path, "halving")
    head, *lines = (tmp_path / "halving.csv").read_text().splitlines()
    assert head == "step,minutes,loss"
    assert len(lines) == 3


def test_weights_that_cannot_be_written_leave_no_rest(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").mkdir()
    with pytest.raises(SystemExit, match="could not be written"):
        run.write_half({"a": torch.ones(3)}, tmp_path / "model.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
