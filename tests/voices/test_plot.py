from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from voices.training import plot


def test_a_run_without_losses_is_told_with_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"holds no losses\. Train first: python -m voices\.training --size gpu"):
        plot.draw(tmp_path / "gpu", tmp_path / "losses.svg")
    assert not list(tmp_path.iterdir())


def test_what_was_told_is_drawn_beside_tables_without_a_line_into_a_new_folder(tmp_path: Path) -> None:
    (tmp_path / "aligner.csv").touch()
    (tmp_path / "durations.csv").write_text("step,minutes,loss\n")
    (tmp_path / "dit.csv").write_text("step,minutes,loss\n50,0.1,2.5\n100,0.2,1.5\n")
    plot.draw(tmp_path, tmp_path / "voice" / "losses.svg")
    assert ElementTree.parse(tmp_path / "voice" / "losses.svg").getroot().tag.endswith("svg")
