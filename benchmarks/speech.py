"""Speech on a CPU: our scheduler and engine beside upstream's `infer_process`, client by client, in one run.

    python -m benchmarks.speech [--rounds N] [--quick] [--out FILE]

Both sides load the same checkpoint, of the bundled voice's size, with random weights and upstream's layout of text, and
speak the same passages with the same steps, guidance and sway: 2 to 6 s of speech behind references of 4 and 5 s, in two
voices. The lengths are what our layout gives; upstream is told them (`fix_duration`), so both make the same amount of sound.
Each client asks for its passages one after the other. Sides are processes of their own and take turns, round after round.
Upstream speaks with a thread a client and one passage after the other; what counts is the better of the two, row by row.
Ours is measured without HTTP and with nothing remembered. Writes benchmarks/results/speech.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import torch
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import load, machine, published, weights
from benchmarks.sides import Passage, Side, opened
from serving.model.shape import Shape
from serving.model.vocos import VocosShape

RESULTS = Path(__file__).parent / "results" / "speech.json"
#: The voice of the long text.
VOICE = published.VOICES[0][0]
#: Columns, and the side and the way that each is spoken with.
COLUMNS = {
    "ours": ("ours", ""),
    "ours_float32": ("ours-float32", ""),
    "upstream_threads": ("upstream", "threads"),
    "upstream_in_turn": ("upstream", "in turn"),
}
TALE = "the evening wind came over the water and the boats turned slowly towards the lights of the small harbour"


NOTES = (
    "Medians over the rounds; latencies over all requests of all rounds.",
    "A passage is heard when it is whole, on both sides: time to the first sound is the latency.",
    "padding is the share of the frames worked on that belong to no passage; upstream's batch is one passage.",
    "torchaudio.load is replaced by soundfile on upstream's side, as it wants a system ffmpeg.",
    "Upstream's total is one frame shorter, as it counts the reference one frame shorter: the sound is as long.",
)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is measured. requests: passages a client asks for; alone: those of a lone client, so that its latencies are some.
    seconds: shortest and longest passage; long_text: passages of the long text, long_seconds: of each."""

    shape: Shape = weights.SAMPLE
    vocoder: VocosShape = weights.VOCOS_SMALL
    steps: int = 16
    clients: tuple[int, ...] = (1, 4, 8, 16)
    rounds: int = 3
    requests: int = 2
    alone: int = 6
    seconds: tuple[float, float] = (2.0, 6.0)
    long_text: int = 10
    long_seconds: tuple[float, float] = (2.0, 5.0)


#: To see that everything works.
QUICK = Plan(weights.TINY, weights.VOCOS_TINY, 3, (1, 2), 1, 1, 2, (1.5, 2.5), 3, (1.0, 2.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=Plan.rounds)
    parser.add_argument("--quick", action="store_true", help="a tiny model and few passages, to see that it works")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    report = measured(QUICK if options.quick else Plan(rounds=options.rounds))
    show(report, Console())
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"Written to {options.out}")


def measured(plan: Plan) -> dict[str, Any]:
    names = list(dict.fromkeys(side for side, _ in COLUMNS.values()))
    with tempfile.TemporaryDirectory() as name:
        folder = published.write(Path(name), plan.shape, plan.vocoder, plan.steps)
        with opened(names, folder) as sides:
            rows = [Row(sides, plan, clients) for clients in plan.clients]
            long = Long(sides, plan)
            for number in range(plan.rounds):
                for row in rows:
                    row.measure(number)
                long.measure(number)
            abouts = {name: side.about for name, side in sides.items()}
    return {
        **machine.about(torch.device("cpu")),
        "plan": dataclasses.asdict(plan),
        "sides": abouts,
        "notes": NOTES,
        "rows": [row.figures() for row in rows],
        "long_text": long.figures(),
    }


class Row:
    """One number of clients, over all sides and rounds."""

    def __init__(self, sides: dict[str, Side], plan: Plan, clients: int) -> None:
        self._sides, self._count = sides, clients
        requests = plan.alone if clients == 1 else plan.requests
        lengths = load.mixed(*plan.seconds, count=7)
        self._clients = [[passage(next(lengths), client, number) for number in range(requests)] for client in range(clients)]
        lay([asked for client in self._clients for asked in client], sides["ours"])
        self._found: dict[str, list[dict[str, Any]]] = {column: [] for column in COLUMNS}

    def measure(self, round_number: int) -> None:
        """Every column once, each round beginning with another."""
        for column in turned(list(COLUMNS), round_number):
            side, how = COLUMNS[column]
            self._found[column].append(self._sides[side].ask("serve", clients=self._clients, how=how))

    def figures(self) -> dict[str, Any]:
        columns = {column: summed(rounds) for column, rounds in self._found.items()}
        best = max(("upstream_threads", "upstream_in_turn"), key=lambda column: columns[column]["throughput"])
        ratios = {
            f"ratio_{column}": round(columns[column]["throughput"] / columns[best]["throughput"], 3)
            for column in ("ours", "ours_float32")
        }
        return {"clients": self._count, **columns, "upstream_better": best, **ratios}


class Long:
    """A long text by one client: how soon its first sound is there, and how soon all of it."""

    def __init__(self, sides: dict[str, Side], plan: Plan) -> None:
        self._sides = sides
        lengths = load.mixed(*plan.long_seconds, count=5)
        self._passages = [{**passage(next(lengths), 0, number), "voice": VOICE} for number in range(plan.long_text)]
        lay(self._passages, sides["ours"])
        self._found: dict[str, list[dict[str, float]]] = {name: [] for name in sides}

    def measure(self, round_number: int) -> None:
        for name in turned(list(self._sides), round_number):
            self._found[name].append(self._sides[name].ask("long_text", passages=self._passages))

    def figures(self) -> dict[str, Any]:
        medians = {
            name.replace("-", "_"): {
                f"{what}_seconds": round(statistics.median(found[what] for found in rounds), 3)
                for what in ("first", "whole", "sound")
            }
            for name, rounds in self._found.items()
        }
        return {"passages": len(self._passages), **medians}


def passage(seconds: float, client: int, number: int) -> Passage:
    """A sentence of about so many seconds: our layout takes the pace of the reference, about 16 characters a second."""
    words = itertools.islice(itertools.cycle(TALE.split()), 3 * client + number, None)
    text = next(words).capitalize()
    while len(text) < 16 * seconds:
        text += " " + next(words)
    return {"text": text + ".", "voice": published.VOICES[(client + number) % 2][0], "seed": 100 * client + number}


def lay(passages: list[Passage], side: Side) -> None:
    """Let our layout say how many frames each passage takes."""
    for asked, frames in zip(passages, side.ask("frames", passages=passages), strict=True):
        asked["frames"] = frames


def turned(names: list[str], by: int) -> list[str]:
    by %= len(names)
    return names[by:] + names[:by]


def summed(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """throughput: seconds of sound a second, median of the rounds. Latencies in seconds. sound: seconds, of a round."""
    latencies = [latency for found in rounds for latency in found["latencies"]]
    return {
        "throughput": round(statistics.median(sum(found["sounds"]) / found["seconds"] for found in rounds), 3),
        "latency_p50": round(load.percentile(latencies, 0.5), 3),
        "latency_p95": round(load.percentile(latencies, 0.95), 3),
        "requests": len(latencies),
        "sound": round(sum(rounds[0]["sounds"]), 3),
        "peak_mb": round(max(found["peak_mb"] for found in rounds)),
        "padding": round(rounds[-1]["padding"], 4),
    }


def show(report: dict[str, Any], console: Console) -> None:
    speeds = Table(title="Speech on a CPU: seconds of sound a second", box=box.SIMPLE)
    waits = Table(title="Latencies in seconds, p50 and p95, and MB at most", box=box.SIMPLE)
    precision = report["sides"]["ours"]["precision"]
    for heading in ("clients", f"ours, {precision}", "ours, float32", "f5-tts, threads", "f5-tts, in turn", "ours by f5-tts"):
        speeds.add_column(heading, justify="right")
    for heading in ("clients", "p50, ours", "f5-tts", "p95, ours", "f5-tts", "MB, ours", "f5-tts"):
        waits.add_column(heading, justify="right")
    for row in report["rows"]:
        sides = row["ours"], row[row["upstream_better"]]
        throughputs = [f"{row[column]['throughput']:.2f}" for column in COLUMNS]
        speeds.add_row(str(row["clients"]), *throughputs, f"{row['ratio_ours']:.2f}")
        latencies = [f"{side[which]:.2f}" for which in ("latency_p50", "latency_p95") for side in sides]
        waits.add_row(str(row["clients"]), *latencies, *(f"{side['peak_mb']}" for side in sides))
    console.print(speeds, waits)
    long = report["long_text"]
    for name in ("ours", "ours_float32", "upstream"):
        console.print(
            f"{long['passages']} passages, {long[name]['sound_seconds']:.0f} s of sound, {name}:"
            f" the first after {long[name]['first_seconds']:.2f} s, all after {long[name]['whole_seconds']:.2f} s"
        )


if __name__ == "__main__":
    main()
