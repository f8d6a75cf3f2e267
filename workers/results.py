"""The result files of a job, as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.model import ResultFile
from store.files import FileStore

#: Media types of the files that are text, by suffix.
TEXT_TYPES = {"srt": "application/x-subrip", "vtt": "text/vtt", "json": "application/json"}


def results(files: FileStore, address: str, media_types: Mapping[str, str]) -> tuple[ResultFile, ...]:
    """The files of an entry as results, in the order of `media_types` (name to type)."""
    return tuple(
        ResultFile(name, address, name, media_type, files.path(address, name).stat().st_size)
        for name, media_type in media_types.items()
    )
