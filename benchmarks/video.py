"""What a second of film costs: our way and the plain moviepy way, the same scene, side by side on this machine.

    python -m benchmarks.video

The scene: a picture that zooms slowly, with burned-in subtitles, 1920x1080 at 25 frames a second, H.264. Cost is CPU
time of all processes taken together (user and system, children included), per second of film: unlike wall time it
hardly depends on what else the machine does. Writes benchmarks/results/video.json.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import av
import cv2
import imageio_ffmpeg
import numpy as np
from rich.console import Console
from rich.table import Table

from pipeline.subtitles.cues import Cue
from pipeline.subtitles.files import write_ass
from pipeline.video import fonts, rendering
from pipeline.video.motion import Motion, View
from pipeline.video.planes import Frame, draw_view, load_planes
from pipeline.video.rendering import FADE, render_scene
from pipeline.video.sizes import FPS
from pipeline.visuals.cards import draw_card

SIZE = (1920, 1080)
#: Seconds of film in a round, and how many rounds. The plain way is slow, and steady enough for fewer.
OUR_SECONDS, OUR_ROUNDS = 8, 3
PLAIN_SECONDS, PLAIN_ROUNDS = 2, 2
#: From the whole picture to 1.09 of it in eight seconds.
GROWTH = 0.01125
LINES = [
    ("Nước bốc hơi từ mặt biển ấm,", "lên cao thì gặp lạnh,"),
    ("and gathers into clouds", "of drops lighter than a hair."),
]
RESULTS = Path(__file__).parent / "results" / "video.json"


def main() -> None:
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = {"photograph": photograph(folder / "photograph.png"), "card": card(folder / "card.png")}
        rows = {kind: measured(kind, picture, folder, console) for kind, picture in pictures.items()}
    show(rows, console)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({**about(), "unit": "CPU seconds per second of film", "scenes": rows}, indent=1) + "\n")
    console.print(f"Written to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


def measured(kind: str, picture: Path, folder: Path, console: Console) -> dict:
    """All figures for one picture. The two ways take turns, so that both meet the same moods of the machine."""
    ours: list[float] = []
    plain: list[float] = []
    for number in range(max(OUR_ROUNDS, PLAIN_ROUNDS)):
        console.print(f"{kind}, round {number + 1} of {OUR_ROUNDS} ...")
        if number < OUR_ROUNDS:
            ours.append(cost(lambda: render_ours(picture, OUR_SECONDS, folder / "ours.mp4"), OUR_SECONDS))
        if number < PLAIN_ROUNDS:
            plain.append(cost(lambda: render_plain(picture, PLAIN_SECONDS, folder / "plain.mp4", "medium"), PLAIN_SECONDS))
    preset = rendering.PRESET
    same_preset = [cost(lambda: render_plain(picture, PLAIN_SECONDS, folder / "fast.mp4", preset), PLAIN_SECONDS)]
    return {
        "ours": figures(ours),
        "plain_moviepy": figures(plain),
        "plain_moviepy_with_our_preset": figures(same_preset),
        "ratio": round(statistics.median(ours) / statistics.median(plain), 4),
        "ratio_with_our_preset": round(statistics.median(ours) / statistics.median(same_preset), 4),
        "megabits_per_second": round((folder / "ours.mp4").stat().st_size * 8 / OUR_SECONDS / 1e6, 2),
        "plain_megabits_per_second": round((folder / "plain.mp4").stat().st_size * 8 / PLAIN_SECONDS / 1e6, 2),
        "quality": quality(picture, folder),
    }


def cost(work: Callable[[], None], seconds: int) -> float:
    before = cpu_seconds()
    work()
    return (cpu_seconds() - before) / seconds


def cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def figures(rounds: list[float]) -> dict:
    return {"median": round(statistics.median(rounds), 3), "rounds": [round(figure, 3) for figure in rounds]}


def motion(seconds: int) -> Motion:
    return Motion(View(0.5, 0.5, 1.0), View(0.5, 0.5, 1 + GROWTH * seconds))


def render_ours(picture: Path, seconds: int, out: Path) -> None:
    half = seconds / 2
    overlay = out.with_suffix(".ass")
    write_ass([Cue(number * half, (number + 1) * half, lines) for number, lines in enumerate(LINES)], SIZE, overlay)
    render_scene(picture, seconds * FPS, SIZE, motion(seconds), overlay, out)


def render_plain(picture: Path, seconds: int, out: Path, preset: str) -> None:
    """The same composition as moviepy's guide has it: clips resized by a function of time, laid one over the other."""
    from moviepy import CompositeVideoClip, ImageClip, TextClip

    half = seconds / 2
    ground = ImageClip(str(picture)).resized(SIZE).with_duration(seconds)
    layers = [ground.resized(lambda time: 1 + GROWTH * time).with_position("center")]
    for number, lines in enumerate(LINES):
        text = TextClip(
            font=str(fonts.font_file("semibold")),
            text="\n".join(lines),
            font_size=51,
            color="white",
            stroke_color="black",
            stroke_width=2,
            text_align="center",
            margin=(16, 16),
        )
        layers.append(text.with_start(number * half).with_duration(half).with_position(("center", 0.85), relative=True))
    film = CompositeVideoClip(layers, size=SIZE).with_duration(seconds)
    film.write_videofile(str(out), fps=FPS, codec="libx264", preset=preset, audio=False, logger=None)
    film.close()


def photograph(path: Path) -> Path:
    """A stand-in for a photograph: detail falls with frequency as in nature, some edges, some grain. 2496 x 1404."""
    width, height = 2496, 1404
    dice = np.random.default_rng(7)
    frequency = np.hypot(*np.meshgrid(np.fft.rfftfreq(width), np.fft.fftfreq(height)))
    fall = 1 / np.maximum(frequency, 1 / width) ** 1.15
    channels = []
    shared = dice.normal(size=(height, width))
    for _ in range(3):
        mixed = 0.8 * shared + 0.35 * dice.normal(size=(height, width))
        channel = np.fft.irfft2(np.fft.rfft2(mixed) * fall, s=(height, width))
        channels.append(channel / channel.std() * 46 + 120)
    picture = np.stack(channels, axis=2)
    for _ in range(40):
        corner, size = dice.integers(0, (width, height)), dice.integers(20, 260, 2)
        picture[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]] += dice.uniform(-50, 50, 3)
    picture += dice.normal(0, 2, picture.shape)
    cv2.imwrite(str(path), np.clip(picture, 0, 255).astype(np.uint8))
    return path


def card(path: Path) -> Path:
    phrases = ["Nước bốc hơi từ mặt biển", "Hơi nước gặp lạnh và ngưng tụ", "Giọt nước nặng dần rồi rơi xuống"]
    return draw_card("Vì sao trời mưa?", phrases, SIZE, path, number=1, total=8, film="Vì sao trời mưa?").path


def quality(picture: Path, folder: Path) -> dict:
    """Our encoding against the very frames that went in, but for the fades: PSNR and SSIM of brightness."""
    seconds, out, given, seen = 3, folder / "bare.mp4", folder / "given.yuv", folder / "seen.yuv"
    render_scene(picture, seconds * FPS, SIZE, motion(seconds), None, out)
    planes, frame = load_planes(picture, SIZE), Frame(SIZE)
    inside = range(FADE, seconds * FPS - FADE)
    with given.open("wb") as file:
        for number in inside:
            draw_view(planes, motion(seconds).at(number / (seconds * FPS - 1)), frame)
            file.write(frame.bytes)
    with seen.open("wb") as file, av.open(str(out)) as film:
        for number, decoded in enumerate(film.decode(video=0)):
            if number in inside:
                file.write(decoded.to_ndarray(format="yuv420p").tobytes())
    said = compared(given, seen)
    given.unlink()
    seen.unlink()
    return {"psnr_y_db": round(after(said, "PSNR y:"), 2), "ssim_y": round(after(said, "SSIM Y:"), 4)}


def compared(given: Path, seen: Path) -> str:
    """What ffmpeg's filters say of two files of raw frames."""
    form = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{SIZE[0]}x{SIZE[1]}", "-framerate", str(FPS)]
    graph = "[0:v]split[a][b];[1:v]split[c][d];[a][c]psnr[x];[b][d]ssim[y]"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", *form, "-i", str(given), *form, "-i", str(seen)]
    ends = ["-filter_complex", graph, "-map", "[x]", "-f", "null", "-", "-map", "[y]", "-f", "null", "-"]
    return subprocess.run([*command, *ends], capture_output=True, text=True, check=True).stderr


def after(text: str, mark: str) -> float:
    return float(text.split(mark)[1].split()[0])


def about() -> dict:
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": {"processor": processor(), "cores": os.cpu_count(), "system": platform.platform()},
        "versions": {name: version(name) for name in ("moviepy", "opencv-python-headless", "numpy", "imageio-ffmpeg")}
        | {"python": platform.python_version(), "ffmpeg": imageio_ffmpeg.get_ffmpeg_version(), "av": av.__version__},
        "settings": {
            "size": SIZE,
            "fps": FPS,
            "preset": rendering.PRESET,
            "crf": rendering.CRF,
            "seconds": {"ours": OUR_SECONDS, "plain": PLAIN_SECONDS},
            "plain_preset": "medium (moviepy's default)",
        },
    }


def processor() -> str:
    details = Path("/proc/cpuinfo")  # Linux
    lines = details.read_text().splitlines() if details.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def show(rows: dict[str, dict], console: Console) -> None:
    table = Table(title="CPU seconds per second of 1080p25 film, with motion and burned subtitles (median)")
    for heading in ("picture", "ours", "plain moviepy", "ours / plain", "plain, our preset", "ours / that", "PSNR-Y", "SSIM-Y"):
        table.add_column(heading, justify="left" if heading == "picture" else "right")
    for kind, row in rows.items():
        plain, fast = row["plain_moviepy"]["median"], row["plain_moviepy_with_our_preset"]["median"]
        shares = f"{row['ratio']:.3f}", f"{row['ratio_with_our_preset']:.3f}"
        seen = f"{row['quality']['psnr_y_db']:.1f} dB", f"{row['quality']['ssim_y']:.4f}"
        table.add_row(kind, f"{row['ours']['median']:.2f}", f"{plain:.2f}", shares[0], f"{fast:.2f}", shares[1], *seen)
    console.print(table)


if __name__ == "__main__":
    main()
