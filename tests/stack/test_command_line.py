from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import requests
import soundfile

from stack.launch import RunningStack
from tests.stack.house import spoken


def voxreel(stack: RunningStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, as a user on this machine calls it who has the same data folder as the stack."""
    environment = {**os.environ, "VOXREEL_DATA_DIR": str(stack.settings.data_dir)}
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments], env=environment, capture_output=True, text=True, timeout=240
    )


def test_a_local_call_joins_the_stack_that_runs_on_its_data_folder_and_leaves_it_up(stack: RunningStack, tmp_path: Path):
    out, before = tmp_path / "said.wav", spoken(stack)
    said = voxreel(stack, "say", "Two stacks never share a folder.", "--language", "en", "--local", "-o", str(out))
    assert said.returncode == 0, said.stderr
    samples, rate = soundfile.read(out)
    assert 0.8 < len(samples) / rate < 8
    assert spoken(stack) - before, "another stack than ours has spoken"
    assert requests.get(f"{stack.url}/readyz", timeout=10).status_code == 200


def test_a_voice_that_is_not_there_is_refused_with_the_list_of_those_that_are(stack: RunningStack, tmp_path: Path):
    out = tmp_path / "said.wav"
    said = voxreel(stack, "say", "Hello there.", "--voice", "nobody", "--local", "-o", str(out))
    assert said.returncode == 2
    assert "en_female" in said.stderr
    assert not out.exists()
