"""What a benchmark ran on, for its record."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path
from typing import Any

import torch

from version import VERSION


def about(device: torch.device) -> dict[str, Any]:
    """Date, machine and versions."""
    gpu = {}
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        gpu = {"gpu": properties.name, "gpu_memory_gb": round(properties.total_memory / 1e9, 1), "cuda": torch.version.cuda}
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "voxreel": VERSION,
        "machine": {"processor": processor(), "cores": os.cpu_count(), "threads": torch.get_num_threads(), **gpu},
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def processor() -> str:
    details = Path("/proc/cpuinfo")  # Linux
    lines = details.read_text().splitlines() if details.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())
