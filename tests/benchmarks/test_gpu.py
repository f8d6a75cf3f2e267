from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
import torch

import settings

GPU = settings.ROOT / "benchmarks" / "gpu.py"
#: What a machine has that has torch and numpy: these and what they cannot do without.
BARE = ("torch", "numpy", "typing-extensions", "sympy", "mpmath", "networkx", "jinja2", "markupsafe", "filelock", "fsspec")


@pytest.fixture(scope="module")
def bare_machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of modules that has torch and numpy and nothing that Voxreel installs besides."""
    folder = tmp_path_factory.mktemp("bare")
    for name in BARE:
        files = distribution(name).files or []
        for top in {file.parts[0] for file in files if file.parts[0] != ".." and not file.parts[0].endswith(".dist-info")}:
            here = Path(str(distribution(name).locate_file(top)))
            if here.exists() and here.name != "__pycache__":
                (folder / top).symlink_to(here)
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """benchmarks/gpu.py by its path, in a Python that sees no packages but those in `folder`."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-S", str(GPU), *arguments]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=240)


def test_it_measures_everything_where_there_is_nothing_but_torch(bare_machine: Path, tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    small = ("--device", "cpu", "--tiny", "--seconds", "0.2", "--dtypes", "float32", "--batch-frames", "1024", "512")
    done = run(bare_machine, *small, "--profile", "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(out.read_text())
    assert all(check["right"] for check in found["checks"])
    assert {(cell["clients"], cell["budget"]) for cell in found["cells"]} == {(1, 1024), (3, 1024), (3, 512)}
    assert found["not_measured"] == []
    for cell in found["cells"]:
        assert cell["times_real_time"] > 0
        assert cell["latency_p50"] <= cell["latency_p95"]
        assert cell["passages"] >= cell["clients"]
        assert 0 < cell["share_of_measured"] < 1
    assert found["upstream"][0]["kind"].endswith("(f5-tts is not installed)")
    assert found["over_http"]["not_measured"].startswith("ray, ")
    assert {path.suffix for path in (tmp_path / "profile").iterdir()} == {".json", ".txt"}
    operations = json.loads((tmp_path / "profile" / "cpu-float32.json").read_text())["operations"]
    assert len(operations) == 10
    assert sum(operation["share"] for operation in operations) <= 1.001


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_it_says_so_in_one_sentence_and_ends_with_two(bare_machine: Path) -> None:
    done = run(bare_machine)
    assert done.returncode == 2
    assert "no CUDA device" in done.stderr
    assert "Traceback" not in done.stderr
