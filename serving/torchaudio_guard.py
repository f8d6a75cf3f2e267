"""Makes `import torchaudio` work where torch has no CUDA.

torchaudio's wheel brings a compiled extension that is linked against CUDA libraries, and its package refuses to load
when the extension cannot be. Nothing here uses it (mel spectrograms are plain torch), so on a CPU-only torch a module
that says "the extension is not available" stands in for the loader, as torchaudio itself allows for.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, NoReturn

import torch

EXTENSION = "torchaudio._extension"


def _needs_alignment(function: Any) -> Any:
    def unavailable(*_args: Any, **_kwargs: Any) -> NoReturn:
        raise RuntimeError(f"{function.__name__} needs torchaudio's compiled extension, which this CPU-only torch cannot load.")

    return unavailable


def install() -> None:
    """Put the stand-in in place. Must run before the first `import torchaudio`; does nothing where torch has CUDA."""
    if torch.version.cuda is not None or EXTENSION in sys.modules:
        return
    stand_in: Any = ModuleType(EXTENSION, "Stands in for torchaudio's compiled extension; see serving/torchaudio_guard.py.")
    stand_in._IS_TORCHAUDIO_EXT_AVAILABLE = False
    stand_in._IS_ALIGN_AVAILABLE = False
    stand_in.fail_if_no_align = _needs_alignment
    sys.modules[EXTENSION] = stand_in
