"""Packs a corpus with its alignments into one small file, to be trained on elsewhere: Opus takes a twentieth of the room.

python -m voices.training.pack --size gpu corpus.tar                 on the machine that has the teachers
python -m voices.training.pack --size gpu corpus.tar --unpack        on the one with the GPU
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

import imageio_ffmpeg

from voices.training import alignments, command, saved, whole
from voices.training.corpus import COMPLETE, LINES, RATE, WAVES, Corpus

#: What the DiT is trained on beside the corpus, and what is exported with it.
STATES = ("aligner.pt", "durations.pt")
OF_THE_RUN = (*STATES, alignments.NAME)
SPEECH = "speech.opus"
_RAW = ("-f", "s16le", "-ar", str(RATE), "-ac", "1")


def main() -> None:
    arguments = command.parser(__doc__)
    arguments.set_defaults(size="gpu")
    arguments.add_argument("file", type=Path)
    arguments.add_argument("--kbps", type=int, default=24, help="of the speech: 10 hours at 24 are 108 MB")
    arguments.add_argument("--unpack", action="store_true")
    chosen = arguments.parse_args()
    run = chosen.runs / chosen.size
    if chosen.unpack:
        unpack(chosen.file, chosen.data, run)
    else:
        pack(chosen.file, chosen.data, run, chosen.kbps)


def pack(file: Path, data: Path, run: Path, kbps: int) -> None:
    """Write `file`, whole or not at all. Raises SystemExit where the corpus or the alignments are not made yet."""
    missing = [str(path) for path in (data / COMPLETE, *(run / name for name in OF_THE_RUN)) if not path.exists()]
    if missing:
        raise SystemExit(f"{', '.join(missing)} is not there yet. Run the recipe up to the durations first.")
    with tempfile.TemporaryDirectory() as folder:
        speech = Path(folder) / SPEECH
        if said := _ffmpeg(*_RAW, "-i", str(data / WAVES), "-c:a", "libopus", "-b:a", f"{kbps}k", str(speech)):
            raise SystemExit(f"The speech could not be packed in {folder}: {said}. Mend that, and pack again.")
        with whole.written(file) as unfinished, tarfile.open(unfinished, "w") as archive:
            archive.add(speech, SPEECH)
            archive.add(data / LINES, LINES)
            for name in OF_THE_RUN:
                archive.add(run / name, name)


def unpack(file: Path, data: Path, run: Path) -> None:
    """Lay the corpus out in `data` and what was trained in `run`: all of it or nothing, and nothing that is there is replaced.

    Raises SystemExit, which says what to do.
    """
    if not file.is_file():
        raise SystemExit(f"{file} is no file. Name the one that was packed.")
    there = [str(path) for path in (data / LINES, data / WAVES, *(run / name for name in OF_THE_RUN)) if path.exists()]
    if there:
        raise SystemExit(f"{', '.join(there)} would be replaced. Move it away, or name other folders: --data, --runs.")
    data.mkdir(parents=True, exist_ok=True)
    run.mkdir(parents=True, exist_ok=True)
    with whole.told(data / WAVES), tempfile.TemporaryDirectory(dir=data) as name:
        folder = Path(name)
        _extract(file, folder)
        _decode(file, folder)
        _check(file, folder)
        of_data = {folder / each: data / each for each in (WAVES, LINES)}
        _lay(of_data | {folder / each: run / each for each in OF_THE_RUN})
    (data / COMPLETE).touch()


def _extract(file: Path, folder: Path) -> None:
    """Only what a pack holds, and only when it holds all of it."""
    wanted = (SPEECH, LINES, *OF_THE_RUN)
    try:
        with tarfile.open(file, "r:") as archive:
            held = {member.name: member for member in archive if member.isreg()}
            if missing := [name for name in wanted if name not in held]:
                raise SystemExit(_bad(file, f"it lacks {', '.join(missing)}"))
            for name in wanted:
                archive.extract(held[name], folder, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise SystemExit(_bad(file, f"it cannot be read ({whole.reason(error)})")) from error


def _decode(file: Path, folder: Path) -> None:
    # Told its format: left to guess, it would follow a list of other files and addresses.
    if said := _ffmpeg("-f", "ogg", "-i", str(folder / SPEECH), *_RAW, str(folder / WAVES)):
        raise SystemExit(_bad(file, f"{SPEECH} could not be decoded ({said})"))


def _check(file: Path, folder: Path) -> None:
    """What was unpacked can be trained on."""
    (folder / COMPLETE).touch()
    try:
        ends = [each.offset + each.samples for each in Corpus(folder).utterances]
    except (ValueError, TypeError) as error:
        raise SystemExit(_bad(file, f"{LINES} or {SPEECH} holds no speech")) from error
    if 2 * max(ends, default=0) > (folder / WAVES).stat().st_size or not ends:
        raise SystemExit(_bad(file, f"{SPEECH} ends before what {LINES} tells of"))
    for name in STATES:
        try:
            saved.read(folder / name, "cpu")
        except SystemExit as error:
            raise SystemExit(_bad(file, f"{name} is nothing that a training saved")) from error


def _lay(moves: Mapping[Path, Path]) -> None:
    """Move all or none: half of a pack would stand in the way of the next try."""
    try:
        for source, target in moves.items():
            shutil.move(source, target)
    except BaseException:
        for target in moves.values():
            target.unlink(missing_ok=True)
        raise


def _bad(file: Path, why: str) -> str:
    return f"{file} is no whole pack: {why}. Nothing was unpacked. Pack it again, or carry it over again."


def _ffmpeg(*arguments: str) -> str:
    """What went wrong, or ""."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-nostdin", "-loglevel", "error", *arguments]
    ran = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    if ran.returncode == 0:
        return ""
    return next(reversed(ran.stderr.splitlines()), "") or f"ffmpeg ended with {ran.returncode}"


if __name__ == "__main__":
    main()
