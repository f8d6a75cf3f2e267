"""`voxreel models`: pull published checkpoints, see what is there, try one."""

from __future__ import annotations

import dataclasses
import enum
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.connection import checked_settings
from cli.errors import BadUse, CliError, Unreachable
from cli.talk import size_in_words, telling

if TYPE_CHECKING:
    from serving.checkpoints.presets import Preset
    from serving.checkpoints.trial import Report
    from serving.errors import ServingError

models = typer.Typer(no_args_is_help=True, help="Pull published checkpoints, list what is there, try one.")

#: Characters to a line where the output goes to a file or a program.
WIDE = 250
#: How a repository is named. What follows the slash becomes the name of a folder.
REPOSITORY = re.compile(r"[\w.-]+/\w[\w.-]*")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


class Generation(enum.StrEnum):
    v0 = "v0"
    v1 = "v1"


class Language(enum.StrEnum):
    vi = "vi"
    en = "en"


@models.command()
def pull(
    model: Annotated[str, typer.Argument(help="A preset (`voxreel models list` shows them), or a repository owner/name.")],
    voice: Annotated[Path | None, typer.Option(metavar="RECORDING", help="Add this recording as a voice.")] = None,
    text: Annotated[str, typer.Option(help="What is said in the recording.")] = "",
    language: Annotated[Language | None, typer.Option(help="Language of the recording, and of a repository's model.")] = None,
    weights: Annotated[str, typer.Option(metavar="PATH", help="Weights in the repository, if it has several.")] = "",
    vocab: Annotated[str, typer.Option(metavar="PATH", help="Vocabulary in the repository, if it has several.")] = "",
    revision: Annotated[str, typer.Option(help="Branch, tag or commit of the repository.")] = "main",
    architecture: Annotated[Generation | None, typer.Option(help="Generation of a repository's model; required there.")] = None,
    lowercase: Annotated[bool, typer.Option("--lowercase", help="The repository's model was trained on lowered text.")] = False,
    no_ema: Annotated[bool, typer.Option("--no-ema", help="Take the last step of training, not the average.")] = False,
) -> None:
    """Pull a published checkpoint into the models folder. A pull that broke off goes on where it was."""
    from serving.checkpoints import pulling
    from serving.checkpoints.presets import PRESETS
    from serving.errors import HubError, VoiceUnusable

    if (voice is None) != (not text.strip()) or (voice is not None and language is None):
        raise BadUse("A voice needs --voice RECORDING, --text and --language, all three.")
    if voice is not None and not voice.is_file():
        raise BadUse(f"There is no recording {voice}. Check its name.")
    preset = PRESETS.get(model)
    if preset is None:
        preset = _of_repository(model, weights, vocab, revision, architecture, language, lowercase, no_ema)
    elif weights or vocab or revision != "main" or architecture or lowercase or no_ema:
        raise BadUse(f"The preset {model} says already what it is. Of the options, only those of a voice go with it.")
    tell = telling()
    try:
        # Read first, since the model may be gigabytes that nobody wants without the voice.
        recorded = pulling.read_voice(voice, text, str(language)) if voice is not None else None
        folder = pulling.pull(preset, checked_settings().models_dir, tell)
        if recorded is not None:
            pulling.add_voice(folder, *recorded)
            tell(f"Added the voice {recorded[0]}.")
    except (HubError, VoiceUnusable) as error:
        raise _exit(error) from None
    tell(_next_step(folder, preset.name))
    typer.echo(folder)


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the checkpoints on this machine and the presets that can be pulled."""
    from serving.checkpoints.inventory import entries

    configured = checked_settings()
    found = entries(configured.models_dir, configured.checkpoint)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(entry) for entry in found], ensure_ascii=False, indent=2))
        return
    table = Table("Name", "State", "Layout", "Languages", "Voices", "Size", "Licence", box=None, header_style="bold")
    for entry in found:
        state = entry.problem or ("default" if entry.default else "here" if entry.folder else "to pull")
        size = "unknown" if entry.bytes is None else size_in_words(entry.bytes)
        cells = (entry.name, state, entry.layout, " ".join(entry.languages), " ".join(entry.voices), size, entry.licence or "")
        table.add_row(*map(Text, cells))
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


@models.command()
def check(
    model: Annotated[str, typer.Argument(help="Name of a checkpoint, or its folder. The default one when left out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Load a checkpoint wholly and let every voice speak; exit code 1 where it does not fit."""
    configured = checked_settings()
    folder = _folder(model)
    # Imported here only: it brings in torch, which takes seconds.
    import torch

    from serving.checkpoints.trial import examine
    from serving.errors import ServingError

    torch.set_num_threads(configured.serving_threads or torch.get_num_threads())
    automatic = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(automatic if configured.device == "auto" else configured.device)
    try:
        report = examine(folder, device, configured.precision)
    except ServingError as error:
        raise CliError(f"{error.message} ({error.code})") from None
    if as_json:
        typer.echo(json.dumps({**dataclasses.asdict(report), "fits": report.fits}, ensure_ascii=False, indent=2))
    else:
        _print(report)
    if not report.fits:
        wrong = "; ".join(f"{heard.voice}: {heard.wrong}" for heard in report.voices if heard.wrong)
        raise CliError(f"{folder} does not speak as it should. {wrong}")


def _of_repository(
    model: str,
    weights: str,
    vocab: str,
    revision: str,
    architecture: Generation | None,
    language: Language | None,
    lowercase: bool,
    no_ema: bool,
) -> Preset:
    from serving.checkpoints.presets import PRESETS, Preset

    if not REPOSITORY.fullmatch(model):
        raise BadUse(f"There is no preset {model!r}. Presets are {', '.join(PRESETS)}; a repository is named owner/name.")
    if architecture is None:
        raise BadUse(
            "The weights do not tell whether the model is of F5-TTS v1 or v0. Say --architecture v1 or v0: its model card, or"
            " the config it was trained with (F5TTS_v1_Base, or F5TTS_Base for v0), names it."
        )
    return Preset(
        name=model.rpartition("/")[2].lower(),
        repo=model,
        revision=revision,
        weights=weights,
        vocabulary=vocab,
        architecture=str(architecture),
        languages=(str(language),) if language else (),
        lowercase=lowercase,
        use_ema=False if no_ema else None,
    )


def _exit(error: ServingError) -> CliError:
    later = error.code in ("hub_unreachable", "hub_broken_off", "hub_corrupt", "pull_runs")
    return (Unreachable if later else BadUse)(f"{error.message} ({error.code})")


def _next_step(folder: Path, name: str) -> str:
    if not any((folder / "references").glob("*.wav")):
        return (
            f"It has no voice yet: published checkpoints bring none. Put 5 to 10 s of clean speech into"
            f' {folder / "references"} as <voice>.wav, with <voice>.json beside it, {{"text": what is said, "language":'
            f' "vi" or "en"}}; or run `voxreel models pull {name} --voice RECORDING --text TEXT --language vi`.'
        )
    return f"Try it with `voxreel models check {name}`; VOXREEL_CHECKPOINT={folder} makes it the one that serving loads."


def _folder(model: str) -> Path:
    configured = checked_settings()
    if not model:
        return configured.checkpoint
    served = [configured.checkpoint] if configured.checkpoint.name == model else []  # `models list` shows it by that name
    for folder in (configured.models_dir / model, Path(model), *served):
        if (folder / "config.yaml").is_file():
            return folder.resolve()
    raise BadUse(f"There is no checkpoint {model!r}, here or in {configured.models_dir}. `voxreel models list` shows them.")


def _print(report: Report) -> None:
    shape = report.shape
    print_table = Console(width=None if sys.stdout.isatty() else WIDE).print
    about = Table(box=None, show_header=False)
    about.add_column(style="bold")
    about.add_row("Checkpoint", Text(f"{report.name} in {report.folder}"))
    about.add_row("Layout", f"{report.layout}, {' '.join(report.languages) or 'no language stated'}")
    about.add_row(
        "Model",
        f"{report.parameters / 1e6:.1f} million parameters: depth {shape['depth']}, dim {shape['dim']}, heads {shape['heads']},"
        f" text_dim {shape['text_dim']}, {shape['text_num_embeds']} entries of text",
    )
    about.add_row("Device", report.device)
    print_table(about)
    voices = Table("Voice", "Language", "Sound", "Level", "Heard", "", box=None, header_style="bold")
    for heard in report.voices:
        score = "-" if heard.score is None else f"{heard.score:.0%}"
        sound = (f"{heard.seconds:.2f} s", f"{heard.level:.3f}", score)
        voices.add_row(Text(heard.voice), heard.language, *sound, Text(heard.wrong or "speaks"))
    print_table(voices)
