"""Judges a voice folder and writes evaluation.json there, and the table into its model card.

python -m voices.training.evaluation voices/sample [--sentences 24] [--steps 5,7,10,16]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from serving.errors import CheckpointError
from voices.training import command
from voices.training.evaluation import card, table
from voices.training.evaluation.cases import Unjudgeable
from voices.training.evaluation.report import Evaluation
from voices.training.packages import PackageMissing
from voices.training.teachers.espeak import EspeakMissing


def main() -> None:
    arguments = argparse.ArgumentParser(prog="voices.training.evaluation", description=__doc__.split("\n")[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--sentences", type=int, default=24, help="of each voice; at least 2")
    arguments.add_argument("--steps", type=command.numbers, default=(), help="numbers of steps to compare, such as 5,7,10,16")
    chosen = arguments.parse_args()
    if chosen.sentences < 2:
        arguments.error("--sentences must be 2 or more: each is compared with another.")
    try:
        card.check(chosen.folder)
        report = Evaluation(chosen.folder, chosen.sentences).report(chosen.steps)
    except (Unjudgeable, CheckpointError, PackageMissing, EspeakMissing) as error:
        sys.exit(str(error))
    (chosen.folder / "evaluation.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    made = table.markdown(report)
    print(made)
    if not card.write(chosen.folder, made):
        print(f"{chosen.folder} has no {card.NAME}, so the table stands only here.")


if __name__ == "__main__":
    main()
