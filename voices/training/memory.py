"""How freed memory is kept, for loops that free and take the same large tensors at every step."""

from __future__ import annotations

import ctypes

#: Numbers of glibc's mallopt parameters (malloc.h).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def keep_freed() -> None:
    """Tell glibc to keep what is freed. It gives large blocks back to the kernel otherwise, which hands them out page by
    page again at the next step: that was an eighth of a step of the vocoder's. Other C libraries are left as they are."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 2**30)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
