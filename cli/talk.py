"""What is said to a person beside the results."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console

#: Standard output is for results; all that is said to a person goes to standard error.
talk = Console(stderr=True)

#: Tells a person one line.
Tell = Callable[[str], None]


def telling(quiet: bool = False, console: Console = talk) -> Tell:
    """What tells a line on `console`; with `quiet`, nothing is told."""
    return lambda line: None if quiet else console.print(line, markup=False, highlight=False, soft_wrap=True)


def size_in_words(size: int) -> str:
    """A file's size in bytes, kB or MB (decimal), with about three digits."""
    if size < 1000:
        return f"{size} bytes"
    unit, name = (1000, "kB") if size < 999_500 else (1_000_000, "MB")
    return f"{size / unit:.1f} {name}" if size < 100 * unit else f"{size / unit:,.0f} {name}"
