from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

import settings


def test_both_sides_speak_the_same_amount_of_sound_and_every_row_is_measured(tmp_path: Path) -> None:
    out = tmp_path / "speech.json"
    command = [sys.executable, "-m", "benchmarks.speech", "--quick", "--out", str(out)]
    done = subprocess.run(command, cwd=settings.ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert [row["clients"] for row in found["rows"]] == [1, 2]
    for row in found["rows"]:
        columns = [row[name] for name in ("ours", "ours_float32", "upstream_threads", "upstream_in_turn")]
        assert len({(column["sound"], column["requests"]) for column in columns}) == 1
        for column in columns:
            assert math.isfinite(column["throughput"])
            assert 0 < column["latency_p50"] <= column["latency_p95"]
            assert column["padding"] == 0
            assert column["peak_mb"] > 100
        better = row[row["upstream_better"]]["throughput"]
        assert better == max(row["upstream_threads"]["throughput"], row["upstream_in_turn"]["throughput"])
        assert row["ratio_ours"] == pytest.approx(row["ours"]["throughput"] / better, abs=0.002)
    long = found["long_text"]
    for name in ("ours", "ours_float32", "upstream"):
        assert 0 < long[name]["first_seconds"] <= long[name]["whole_seconds"]
        # Upstream cross-fades what it splits and allots whole frames to the pieces.
        assert long[name]["sound_seconds"] == pytest.approx(long["ours"]["sound_seconds"], rel=0.05)
    assert found["sides"]["upstream"]["versions"]["f5-tts"]
