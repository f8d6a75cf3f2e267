"""Files of a hub: huggingface.co, or whatever HF_ENDPOINT names. HF_TOKEN is the token for what is not public.

The library huggingface_hub asks and downloads; what it throws away when a download breaks off is kept here, so that the
next one goes on where it ended.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
from huggingface_hub import HfApi, constants, hf_hub_url
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError, RevisionNotFoundError
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers
from huggingface_hub.utils import logging as hub_logging

from serving.errors import HubError

#: Seconds to wait for the list of a repository's files.
TIMEOUT = 30.0
#: How many files a message names at most.
NAMED = 12


@dataclasses.dataclass(frozen=True)
class RemoteFile:
    """A file at one commit. size: bytes. digest: SHA-256 of a large file, or git's SHA-1 of a small one, in hex."""

    repo: str
    commit: str
    path: str
    size: int
    digest: str

    def is_at(self, path: Path) -> bool:
        """Whether the file at `path` is this one, to the last bit."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        with path.open("rb") as file:
            if len(self.digest) == 64:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.digest
            known = hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
            return hashlib.file_digest(file, lambda: known).hexdigest() == self.digest


@dataclasses.dataclass(frozen=True)
class Repository:
    """What a repository holds at one commit. licence: as its card says it, or None."""

    name: str
    commit: str
    licence: str | None
    files: dict[str, RemoteFile]

    def find(self, pattern: str, suffixes: tuple[str, ...] = ("",), option: str = "") -> RemoteFile:
        """The file at the path `pattern`; of several that match it, the one with the highest number in its name.

        An empty pattern means the only file with one of `suffixes`, else `option` is what the message asks for.
        Raises HubError hub_not_found.
        """
        names = [name for name in self.files if name.endswith(suffixes)]
        found = [name for name in names if fnmatch.fnmatchcase(name, pattern or "*")]
        if not found or (not pattern and len(found) > 1):
            which = f"no file {pattern}" if pattern else f"{len(found) or 'no'} files that it could be"
            there = ", ".join(sorted(names or self.files)[:NAMED]) or "nothing"
            ask = f" Say which with {option}." if option else ""
            raise HubError(f"{self.name} has {which}. It holds {there}.{ask}", "hub_not_found")
        return self.files[max(found, key=_number)]


def endpoint() -> str:
    """Where the hub is."""
    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def look(name: str, revision: str) -> Repository:
    """The repository `name` ("owner/name") at a branch, tag or commit.

    Raises HubError: hub_unreachable, hub_not_found, hub_gated.
    """
    hub_logging.set_verbosity_error()  # what it would say is said by the errors here, in a sentence
    with _told(name, revision):
        found = HfApi(endpoint=endpoint()).model_info(name, revision=revision, files_metadata=True, timeout=TIMEOUT)
    files = {
        sibling.rfilename: RemoteFile(
            repo=name,
            commit=str(found.sha),
            path=sibling.rfilename,
            size=int(sibling.lfs.size if sibling.lfs else sibling.size or 0),
            digest=str(sibling.lfs.sha256 if sibling.lfs else sibling.blob_id),
        )
        for sibling in found.siblings or []
    }
    card = found.card_data
    return Repository(name, str(found.sha), card.get("license") if card else None, files)


def fetch(file: RemoteFile, target: Path) -> None:
    """Download a file to `target`, unless it is there; go on with what an earlier call has left of it.

    Raises HubError: as `look`, and hub_broken_off, hub_corrupt.
    """
    if file.is_at(target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(file, target)
    if partial.exists() and partial.stat().st_size > file.size:
        partial.unlink()
    with _told(file.repo, file.commit, partial), partial.open("ab") as out:
        http_get(
            hf_hub_url(file.repo, file.path, revision=file.commit, endpoint=endpoint()),
            out,
            resume_size=out.tell(),
            headers=build_hf_headers(),
            expected_size=file.size,
            displayed_filename=file.path,
        )
    if not file.is_at(partial):
        partial.unlink()
        raise HubError(
            f"{file.path} of {file.repo} came with another content than the hub says it has, so it was thrown away."
            " Pull again; if that does not help, what answers at HF_ENDPOINT is broken.",
            "hub_corrupt",
        )
    os.replace(partial, target)


def partial_of(file: RemoteFile, target: Path) -> Path:
    """Where a download to `target` lies until it is whole. Its name holds the digest: parts of two versions never mix."""
    return target.with_name(f"{target.name}.{file.digest[:16]}.part")


def _number(path: str) -> tuple[int, str]:
    numbers = re.findall(r"\d+", path.rpartition("/")[2])
    return (int(numbers[-1]) if numbers else -1, path)


@contextlib.contextmanager
def _told(repo: str, revision: str, partial: Path | None = None) -> Iterator[None]:
    """Turns what goes wrong between us and the hub into HubError. No message holds a header or an address with a key."""
    try:
        yield
    except HFValidationError as error:
        raise HubError(f"{repo} is no name of a repository. Give it as owner/name.", "hub_not_found") from error
    except RevisionNotFoundError as error:
        raise HubError(
            f"{repo} has no revision {revision}. Name a branch, a tag or a commit of it.", "hub_not_found"
        ) from error
    except HfHubHTTPError as error:
        raise _refused(repo, error) from error
    except (httpx.HTTPError, OSError) as error:
        if isinstance(error, OSError) and not str(error).startswith("Consistency check"):
            raise  # of the disk
        got = partial.stat().st_size if partial is not None and partial.exists() else 0
        if got:
            raise HubError(
                f"The download from {endpoint()} broke off; {got / 1e6:.0f} MB are kept. Pull again: it goes on from there.",
                "hub_broken_off",
            ) from error
        raise HubError(
            f"{endpoint()} cannot be reached ({type(error).__name__}). Check the network, or set HF_ENDPOINT to a mirror.",
            "hub_unreachable",
        ) from error


def _refused(repo: str, error: HfHubHTTPError) -> HubError:
    status = error.response.status_code
    token = "The token in HF_TOKEN" if os.environ.get("HF_TOKEN") else ""
    if isinstance(error, GatedRepoError):
        do = f"{token} belongs to nobody who did" if token else "then set HF_TOKEN to a token of that account"
        return HubError(f"{repo} is gated: its terms must be accepted at {endpoint()}/{repo}; {do}.", "hub_gated")
    if status in (401, 403):
        do = f"{token} may not see it." if token else "For a private one set HF_TOKEN to a token that may read it."
        return HubError(f"{repo} does not exist, or is not public. Check the name. {do}", "hub_gated")
    if status == 404:
        return HubError(f"{endpoint()} has no {repo}, or not this file. Check the name.", "hub_not_found")
    return HubError(f"{endpoint()} answers with HTTP {status}. Try again in some minutes.", "hub_unreachable")
