"""`python -m stack.serve`: the whole stack, until Ctrl-C."""

from __future__ import annotations

import sys

import settings
from stack.launch import serve

if __name__ == "__main__":
    try:
        loaded = settings.load()
    except settings.SettingsError as error:
        sys.exit(f"voxreel: {error}")
    sys.exit(serve(loaded))
