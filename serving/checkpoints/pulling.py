"""Making a checkpoint of published files: pulled into the models folder, whole or not at all, with a config.yaml."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import soundfile
import yaml

from serving.checkpoints import hub
from serving.checkpoints.hub import RemoteFile
from serving.checkpoints.presets import VOCODER_FILES, VOCODER_FOLDER, VOCODER_LICENCE, VOCODER_REPO, Preset
from serving.errors import HubError, VoiceUnusable
from serving.voices import references
from serving.voices.references import Reference

#: Folder below the models folder in which a checkpoint is put together; its name says that it is none.
STAGING = ".pulling"
#: What weights and vocabularies are called.
WEIGHTS, VOCABULARIES = (".safetensors", ".pt", ".pth"), ("vocab.txt", "config.json")
#: Bytes that are left free on the disk.
SPARE = 100_000_000
#: Samples a second of a voice, those of the mels of all published checkpoints.
RATE = 24_000

Tell = Callable[[str], None]


def pull(preset: Preset, models_dir: Path, tell: Tell) -> Path:
    """The folder of the checkpoint, pulled unless it is there. tell: is told a line for a person, the licence first.

    What an earlier call has left is used. Raises HubError (hub.look and hub.fetch; disk_full; pull_runs).
    """
    folder, staging = models_dir / preset.name, models_dir / STAGING / preset.name
    with _alone(staging):
        if folder.exists():  # asked with the lock held, as another process may just have pulled it
            tell(f"{folder} is there already. Remove it to pull it anew.")
        else:
            _put_together(preset, staging, tell)
            os.replace(staging, folder)
    return folder


def read_voice(wave: Path, text: str, language: str) -> tuple[str, Reference]:
    """Name and reference of a voice, from the recording `wave` (any that libsndfile reads), in which `text` is said.

    Raises VoiceUnusable where the recording cannot be a reference.
    """
    name = re.sub(r"[^a-z0-9]+", "_", wave.stem.lower()).strip("_") or "voice"
    about = json.dumps({"text": text.strip(), "language": language})
    return name, references.read(name, wave.read_bytes(), about.encode(), RATE)


def add_voice(folder: Path, name: str, reference: Reference) -> None:
    """Give a checkpoint a voice. Raises VoiceUnusable where its name is taken."""
    target = folder / "references" / f"{name}.wav"
    if target.exists():
        raise VoiceUnusable(name, f"is there already ({target}). Rename the recording, or remove that file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    about = json.dumps({"text": reference.text, "language": reference.language}, ensure_ascii=False)
    target.with_suffix(".json").write_text(about + "\n", encoding="utf-8")
    partial = target.with_suffix(".part")
    soundfile.write(partial, reference.samples, RATE, format="WAV", subtype="PCM_16")
    os.replace(partial, target)


def _put_together(preset: Preset, staging: Path, tell: Tell) -> None:
    """Make `staging` the whole checkpoint, and nothing but that."""
    staging.mkdir(parents=True, exist_ok=True)
    weights, files, licence = _files(preset, tell)
    _remove_others(files, staging)
    _check_room(files, staging)
    for path, file in files.items():
        tell(f"{file.repo}: {file.path} ({file.size / 1e6:,.1f} MB)")
        hub.fetch(file, staging / path)
    source = {"repo": weights.repo, "revision": weights.commit, "file": weights.path, "sha256": weights.digest}
    whole = {**preset.config(weights.path.rpartition("/")[2]), "source": {**source, "licence": licence}}
    config = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)
    (staging / "config.yaml").write_text(config, encoding="utf-8")
    (staging / "references").mkdir(exist_ok=True)


def _files(preset: Preset, tell: Tell) -> tuple[RemoteFile, dict[str, RemoteFile], str]:
    """The weights' file, path in the checkpoint -> file for all of them, and the licence. Tells what they cost and allow."""
    repository = hub.look(preset.repo, preset.revision)
    weights = repository.find(preset.weights, WEIGHTS, "--weights")
    beside = weights.path.rpartition("/")[0] + "/" + VOCABULARIES[0]
    wanted = preset.vocabulary or (beside.lstrip("/") if beside.lstrip("/") in repository.files else "")
    vocabulary = repository.find(wanted, ("",) if wanted else VOCABULARIES, "--vocab")
    own = vocabulary.path.rpartition("/")[2]
    vocoder = hub.look(VOCODER_REPO, "main")
    files = {
        weights.path.rpartition("/")[2]: weights,
        own if own in VOCABULARIES else VOCABULARIES[0]: vocabulary,
        **{f"{VOCODER_FOLDER}/{name}": vocoder.find(name) for name in VOCODER_FILES},
    }
    licence = preset.licence or repository.licence or "not stated; ask its authors before you use it"
    tell(f"Licence of {preset.repo}: {licence}. Of the vocoder {VOCODER_REPO}: {VOCODER_LICENCE}.")
    if "-NC" in licence.upper():
        tell("NC: neither the weights nor what they speak may be used commercially.")
    if preset.sha256 not in (None, weights.digest):
        tell(f"{weights.path} was published anew since Voxreel last looked; try it with `voxreel models check`.")
    size = sum(file.size for file in files.values()) / 1e6
    tell(f"{size:,.1f} MB in {len(files)} files, at commit {weights.commit[:12]}.")
    return weights, files, licence


def _remove_others(files: dict[str, RemoteFile], staging: Path) -> None:
    """Remove what pulls of other versions have left."""
    wanted = {place for path, file in files.items() for place in (staging / path, hub.partial_of(file, staging / path))}
    for path in staging.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()


def _check_room(files: dict[str, RemoteFile], staging: Path) -> None:
    wanted = sum(file.size for file in files.values())
    there = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file())
    free = shutil.disk_usage(staging).free
    if wanted - there + SPARE > free:
        raise HubError(
            f"{staging} has room for {free / 1e6:,.0f} MB, and {(wanted - there) / 1e6:,.0f} MB more are needed. Make room,"
            " or set VOXREEL_MODELS_DIR to another disk.",
            "disk_full",
        )


@contextlib.contextmanager
def _alone(staging: Path) -> Iterator[None]:
    """Keeps a second pull of the same checkpoint away. The lock ends with the process, however it ends."""
    path = staging.with_name(f"{staging.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HubError(f"{staging.name} is being pulled by another process. Wait for it.", "pull_runs") from None
        yield
