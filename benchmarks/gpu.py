"""Speech on a GPU: whether its numbers are right, and how much of it there is, with a model of F5TTS_v1_Base's size.

    python benchmarks/gpu.py [--device cuda|cpu] [--minutes N] [--seconds N] [--dtypes ...] [--batch-frames ...] [--profile]

It needs a checkout, Python 3.11, torch 2.5 or newer and numpy, and nothing else: weights are random, since speed does not
depend on their values. Written after every measurement, so that what was found survives a machine that is taken away:
benchmarks/results/gpu-<device>.json, or --out. `--device cpu --tiny` tries the whole out in a minute, on a tiny model.
Ends with 1 where a number was wrong, and with 2 where there is no such device. docs/performance.md tells how to read it.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import logging
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# Run by its path, Python looks for modules beside this file first, where profile.py hides the one of the standard library.
sys.path[0] = str(Path(__file__).resolve().parents[1])

import torch  # noqa: E402

from benchmarks import bare, flops, kernels, machine, one_by_one, over_http, sweep, weights  # noqa: E402
from serving.model.flow import Sampling  # noqa: E402

RESULTS = Path(__file__).resolve().parent / "results"
#: Seconds of reference and of speech, and steps, for which the bound by arithmetic is told.
BOUNDS = [(5.0, 15.0, steps) for steps in (32, 16, 7)]
COLUMNS = ("clients", "steps", "dtype", "budget", "times_real_time", "latency_p50", "latency_p95", "share_of_measured", "mfu",
           "padding", "peak_memory_gb")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Plan:
    """matrix: side of the square matrices that are timed; lengths: rows of the check of attention."""

    model: bare.Model = bare.BASE
    clients: tuple[int, ...] = sweep.CLIENTS
    steps: tuple[int, ...] = sweep.STEPS
    matrix: int = 8192
    lengths: tuple[int, ...] = (61, 1875, 300, 777)


TINY = Plan(bare.TINY, clients=(1, 3), steps=(7,), matrix=256, lengths=(61, 128, 9))


class Warnings(logging.Handler):
    """Prints what our own code warns of, such as layers that could not be fused, and keeps it for the report."""

    def __init__(self, report: Report) -> None:
        super().__init__(logging.WARNING)
        self._report = report
        report.put("warnings", [])

    def emit(self, record: logging.LogRecord) -> None:
        said = f"{record.getMessage()} {getattr(record, 'error', '')}".strip()
        print(said, file=sys.stderr)
        self._report.put("warnings", [*self._report.found["warnings"], said])


class Report:
    """What was found so far, in a file."""

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        self._path = path
        self.found = about
        path.parent.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, value: Any) -> None:
        self.found[name] = value
        self._path.write_text(json.dumps(self.found, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N or cpu")
    parser.add_argument("--tiny", action="store_true", help="a tiny model and few cells, to see that it works")
    parser.add_argument("--minutes", type=float, default=15, help="for all; the most telling cells come first")
    parser.add_argument("--seconds", type=float, default=8, help="for the window of one cell")
    parser.add_argument("--dtypes", nargs="+", default=["bfloat16", "float16"], choices=["bfloat16", "float16", "float32"])
    parser.add_argument("--batch-frames", nargs="+", type=int, default=[32_768, 8192, 131_072], help="budgets of a batch")
    parser.add_argument("--profile", action="store_true", help="a table of the most expensive kernels, and a trace")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA device here, or PyTorch was installed without CUDA. Run it on a machine with a GPU,"
              " or try it out: python benchmarks/gpu.py --device cpu --tiny.", file=sys.stderr)  # fmt: skip
        return 2
    return measure(TINY if options.tiny else Plan(), device, options)


def measure(plan: Plan, device: torch.device, options: argparse.Namespace) -> int:
    until = time.monotonic() + 60 * options.minutes
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    path = options.out or RESULTS / f"gpu-{name.replace(' ', '-')}.json"
    report = Report(path, {**machine.about(device), "model": dataclasses.asdict(plan.model)})
    logging.getLogger("serving").addHandler(Warnings(report))
    # By default cuDNN rounds what convolutions in float32 are given, in some of its kernels: no measure to check by.
    torch.backends.cudnn.allow_tf32 = False
    tensors = weights.model(plan.model.shape)
    rates = products(plan, device, options.dtypes, report)
    right = checks(plan, tensors, device, options.dtypes, report)
    upstream(plan, tensors, device, options.seconds, report)
    cells(plan, tensors, device, rates, until, options, report)
    if options.profile:
        profile(plan, tensors, device, options.dtypes[0], path.parent / "profile")
    report.put("over_http", over_http.measure(plan.model, device, options.batch_frames[0], until))
    print(f"\nOver HTTP: {report.found['over_http']}\nWritten to {path}" + ("" if right else "\nNUMBERS ARE WRONG; see above."))
    return 0 if right else 1


def products(plan: Plan, device: torch.device, dtypes: list[str], report: Report) -> dict[str, float]:
    """What the device does in a product of two matrices, TFLOP/s by precision, and what that allows."""
    rates = {dtype: flops.measured(device, getattr(torch, dtype), plan.matrix) for dtype in dict.fromkeys([*dtypes, "float32"])}
    report.put("matrix_product_tflops", {dtype: round(rate, 3) for dtype, rate in rates.items()})
    bounds = [
        {
            "reference_seconds": reference,
            "speech_seconds": speech,
            "steps": steps,
            "tflop_a_second_of_speech": round(flops.of_speech(plan.model.shape, reference, speech, steps) / 1e12, 6),
            "times_real_time_at_half_the_measured_rate": round(
                flops.bound(plan.model.shape, reference, speech, steps, rates[dtypes[0]] / 2), 1
            ),
        }
        for reference, speech, steps in BOUNDS
    ]
    report.put("bounds", bounds)
    print(f"Product of two {plan.matrix} x {plan.matrix} matrices, TFLOP/s: {report.found['matrix_product_tflops']}")
    show(f"What the arithmetic allows ({plan.model.name})", bounds, tuple(bounds[0]))
    return rates


def checks(plan: Plan, tensors: dict[str, torch.Tensor], device: torch.device, dtypes: list[str], report: Report) -> bool:
    """Whether all numbers are right."""
    speaking = kernels.Speaking(plan.model, tensors, device)
    found = [speaking.against_upstream()]
    for dtype in dict.fromkeys(["float32", *dtypes]):
        found += [kernels.of_attention(device, dtype, plan.lengths), *speaking.checks(dtype)]
    rows = [{**dataclasses.asdict(check), "right": check.right} for check in found]
    report.put("checks", rows)
    show("Relative errors", rows, tuple(rows[0]))
    return all(check.right for check in found)


def upstream(plan: Plan, tensors: dict[str, torch.Tensor], device: torch.device, seconds: float, report: Report) -> None:
    rows = [one_by_one.measure(plan.model, tensors, device, steps, seconds) for steps in plan.steps]
    report.put("upstream", rows)
    show("Upstream's way, one passage after the other", rows, tuple(rows[0]))


def cells(
    plan: Plan,
    tensors: dict[str, torch.Tensor],
    device: torch.device,
    rates: dict[str, float],
    until: float,
    options: argparse.Namespace,
    report: Report,
) -> None:
    """As many cells as there is time for."""
    wanted = sweep.cells(options.dtypes, options.batch_frames, plan.clients, plan.steps)
    sweeping = sweep.Sweep(plan.model, tensors, device, options.seconds)
    rows: list[dict[str, Any]] = []
    for cell in wanted:
        if time.monotonic() > until:
            break
        rows.append(sweeping.measure(cell, rates[cell.dtype]))
        report.put("cells", rows)
        print(".", end="", flush=True)
    report.put("not_measured", [dataclasses.asdict(cell) for cell in wanted[len(rows) :]])
    show(f"\nOurs, through the scheduler ({len(wanted) - len(rows)} cells not measured for want of time)", rows, COLUMNS)


def profile(plan: Plan, tensors: dict[str, torch.Tensor], device: torch.device, dtype: str, folder: Path) -> None:
    from benchmarks import profile

    engine = bare.engine(plan.model, tensors, device, getattr(torch, dtype))
    works = list(itertools.islice(bare.works(engine, plan.model, Sampling(steps=plan.steps[0])), 8))
    print("\n" + profile.table(profile.profiled(engine, works, folder)))


def show(title: str, rows: Iterable[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """A table in plain text: rich may not be there."""
    cells = [columns, *(tuple(shown(row[column]) for column in columns) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}")
    for row in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))


def shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) and abs(value) < 100 else f"{value}"


if __name__ == "__main__":
    sys.exit(main())
