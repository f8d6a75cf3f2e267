"""What can go wrong where things are kept.

StoreError            anything below; has a stable `code`
├── BadAddress        "bad_address": not 64 hexadecimal digits
├── BadName           "bad_name": a file name that could leave its entry
└── MissingFile       "file_missing": no such entry or no such file in it
"""

from __future__ import annotations


class StoreError(Exception):
    """Something about the store. `code` is stable; the message says what to do next."""

    code = "store_error"


class BadAddress(StoreError):
    """An address that no entry can have."""

    code = "bad_address"


class BadName(StoreError):
    """A file name that an entry must not hold."""

    code = "bad_name"


class MissingFile(StoreError):
    """A file that is not, or no longer, in the store."""

    code = "file_missing"
