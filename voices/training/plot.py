"""Draws the losses of a run: one picture, a panel a model.

python -m voices.training.plot --size cpu --to voices/sample
"""

from __future__ import annotations

import csv
from pathlib import Path

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from voices.training import command

MODELS = ("aligner", "durations", "dit", "vocoder")


def main() -> None:
    arguments = command.parser(__doc__)
    arguments.add_argument("--to", type=Path, required=True)
    chosen = arguments.parse_args()
    draw(chosen.runs / chosen.size, chosen.to / "losses.svg")


def draw(run: Path, to: Path) -> None:
    """Losses against minutes, each table of `run` in a panel of its own. Tables that are missing or empty are left out.

    Raises SystemExit, which says what to run, where there is none.
    """
    tables = {name: lines for name in MODELS if (lines := _lines(run / f"{name}.csv"))}
    if not tables:
        raise SystemExit(f"{run} holds no losses. Train first: python -m voices.training --size {run.name}")
    figure, panels = pyplot.subplots(1, len(tables), figsize=(4.2 * len(tables), 4.0), squeeze=False, layout="constrained")
    for panel, (name, lines) in zip(panels[0], tables.items(), strict=True):
        _draw(panel, lines)
        panel.set(title=f"{name} (minutes)", yscale="log")
        panel.grid(alpha=0.3, which="both", linewidth=0.4)
    to.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(to)
    pyplot.close(figure)


def _draw(panel: Axes, lines: list[dict[str, str]]) -> None:
    """A line a loss. One that falls below 0, as a likelihood may, has no place on a logarithmic axis: it gets a plain one."""
    columns = [column for column in lines[0] if column not in ("step", "minutes")]
    drawn: list[Line2D] = []
    for number, column in enumerate(columns):
        told = [(float(line["minutes"]), float(line[column])) for line in lines if line[column]]
        falls_below = any(value < 0 for _, value in told)
        axis, label = (panel.twinx(), f"{column} (right)") if falls_below else (panel, column)
        drawn += axis.plot(*zip(*told, strict=True), label=label, linewidth=1, color=f"C{number}")
    panel.legend(handles=drawn, frameon=False, fontsize=8, ncols=2, loc="upper left", bbox_to_anchor=(0, -0.16))


def _lines(path: Path) -> list[dict[str, str]]:
    """Of a table of losses, by column; none where there is no table."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) if path.exists() else []


if __name__ == "__main__":
    main()
