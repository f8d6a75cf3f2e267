"""`voxreel say` and `voxreel video`."""

from __future__ import annotations

import enum
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.client import Client
from cli.connection import connected
from cli.errors import BadUse
from cli.following import follow
from cli.saving import check_target, find, pour, save
from cli.talk import size_in_words, talk, telling

FORMATS = ("wav", "mp3", "opus", "flac")


class Language(enum.StrEnum):
    vi = "vi"
    en = "en"


class Resolution(enum.StrEnum):
    full = "1080p"
    small = "720p"


class Aspect(enum.StrEnum):
    wide = "16:9"
    tall = "9:16"


Voice = Annotated[str | None, typer.Option(help="Name of a voice; `voxreel voices` lists them.")]
LanguageOption = Annotated[Language | None, typer.Option(help="Language of the text; found in the text when left out.")]
Speed = Annotated[float, typer.Option(min=0.5, max=2.0, help="2.0 speaks twice as fast.")]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed and text give the same sound.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing unless something goes wrong.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the finished job as JSON on standard output.")]
Local = Annotated[bool, typer.Option("--local", help="Start a whole server for this one call.")]
Detach = Annotated[
    bool,
    typer.Option(
        "--detach", help="Print the job's id and leave; `voxreel job ID --watch --save-to FOLDER` fetches the result."
    ),
]


def say(
    text: Annotated[str | None, typer.Argument(help="The text; - reads it from standard input.")] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="File to write: .wav, .mp3, .opus or .flac; - for wav on standard output."
        ),
    ] = None,
    document: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Speak this text, Markdown or PDF file instead.")
    ] = None,
    voice: Voice = None,
    language: LanguageOption = None,
    speed: Speed = 1.0,
    seed: Seed = 0,
    quiet: Quiet = False,
    as_json: AsJson = False,
    detach: Detach = False,
    local: Local = False,
) -> None:
    """Speak a text. The format of the sound follows from the name of the output file (speech.mp3 when left out)."""
    if (text is None) == (document is None):
        raise BadUse("Give either a text or --document FILE.")
    target = output or "speech.mp3"
    fields = {"voice": voice, "language": language, "speed": speed, "seed": seed, "format": _format(target)}
    if text is not None:
        fields["text"] = _worded(_typed_text() if text == "-" else text)
    _check(target, detach, local, as_json)
    files = [("document", read_source(document))] if document is not None else []
    with connected(local=local, tell=telling(quiet)) as client:
        job = client.submit("speech", fields, files)
        if detach:
            typer.echo(job["id"])
            return
        job = follow(client, job, talk, quiet=quiet)
        _deliver(client, job, f"speech.{fields['format']}", target, quiet=quiet, as_json=as_json)


def video(
    document: Annotated[str, typer.Argument(help="A text, Markdown or PDF file; - reads it from standard input.")],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="File to write; the document's name with .mp4 when left out."),
    ] = None,
    voice: Voice = None,
    language: LanguageOption = None,
    speed: Speed = 1.0,
    seed: Seed = 0,
    resolution: Annotated[Resolution, typer.Option(help="Shorter side of the picture.")] = Resolution.full,
    aspect: Annotated[Aspect, typer.Option(help="Width to height.")] = Aspect.wide,
    subtitles: Annotated[bool, typer.Option(help="Draw subtitles into the picture.")] = True,
    image: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A picture to show; repeat it for more.")] = None,
    image_folder: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="A folder of pictures on the server, inside the one it lends.")
    ] = None,
    sidecars: Annotated[
        bool, typer.Option(help="Write subtitles (.srt, .vtt) and credits (.credits.json) beside the video.")
    ] = True,
    quiet: Quiet = False,
    as_json: AsJson = False,
    detach: Detach = False,
    local: Local = False,
) -> None:
    """Make a narrated, subtitled video of a document."""
    target = output or ((Path(document).stem if document != "-" else "") or "video") + ".mp4"
    if target != "-" and Path(target).suffix.lower() != ".mp4":
        raise BadUse(f"{target} does not end in .mp4, the format that videos are made in. Choose a name that does.")
    fields = {"voice": voice, "language": language, "speed": speed, "seed": seed, "resolution": resolution, "aspect": aspect}
    fields |= {"subtitles": subtitles, "image_folder": image_folder}
    _check(target, detach, local, as_json)
    files = [("document", ("document", _standard_input()) if document == "-" else read_source(Path(document)))]
    files += [("images", read_source(path)) for path in image or []]
    with connected(local=local, tell=telling(quiet)) as client:
        job = client.submit("videos", fields, files)
        if detach:
            typer.echo(job["id"])
            return
        job = follow(client, job, talk, quiet=quiet)
        _deliver(client, job, "video.mp4", target, quiet=quiet, as_json=as_json)
        if sidecars and target != "-":
            _save_beside(client, job, Path(target))


def read_source(path: Path) -> tuple[str, bytes]:
    """The name and content of a file to send: read whole and before any work, as a call may have to be sent again."""
    try:
        return path.name, path.read_bytes()
    except FileNotFoundError:
        raise BadUse(f"{path} cannot be read: there is no such file. Check its name.") from None
    except IsADirectoryError:
        raise BadUse(f"{path} cannot be read: it is a folder. Name one of the files in it.") from None
    except OSError as error:
        raise BadUse(f"{path} cannot be read: {error.strerror}. Check its name and its permissions.") from None


def _format(target: str) -> str:
    ending = "wav" if target == "-" else Path(target).suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise BadUse(f"The format cannot be told from {target!r}. End its name in one of .{', .'.join(FORMATS)}.")
    return ending


def _check(target: str, detach: bool, local: bool, as_json: bool) -> None:
    """Refuse what cannot end well before any work is done."""
    if detach and local:
        raise BadUse("--detach and --local do not go together: the server of --local ends with this call.")
    if target == "-" and as_json:
        raise BadUse("-o - and --json would both write to standard output. Leave one of them out.")
    if target == "-" and sys.stdout.isatty():
        raise BadUse("-o - would write sound or pictures into your terminal. Send it to a program or a file: -o - | player")
    if target != "-" and not detach:
        check_target(Path(target))


def _standard_input() -> bytes:
    if sys.stdin.isatty():
        talk.print("Reading standard input; end with Ctrl-D.", markup=False)
    return sys.stdin.buffer.read()


def _typed_text() -> str:
    try:
        return _standard_input().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadUse(f"Standard input is not UTF-8: byte {error.start} is wrong. Convert it first.") from None


def _worded(text: str) -> str:
    if not text.strip():
        raise BadUse("The text is empty. Give words to speak.")
    return text


def _deliver(client: Client, job: dict[str, Any], name: str, target: str, *, quiet: bool, as_json: bool) -> None:
    file = find(job, name)
    if file is None:
        raise BadUse(f"Job {job['id']} made no {name}. Is the server of the same version as this command?")
    if target == "-":
        pour(client, file)
        return
    save(client, file, Path(target))
    if as_json:
        typer.echo(json.dumps({**job, "output": target}, ensure_ascii=False, indent=2))
    elif not quiet:
        telling()(f"Wrote {target} ({size_in_words(file['size'])}).")


def _save_beside(client: Client, job: dict[str, Any], target: Path) -> None:
    for name, suffix in (("subtitles.srt", ".srt"), ("subtitles.vtt", ".vtt"), ("credits.json", ".credits.json")):
        file = find(job, name)
        if file is not None:
            save(client, file, target.with_suffix(suffix))
