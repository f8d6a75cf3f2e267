"""Makes report.pdf: a report as printers set it, with running heads, page numbers and words broken at line ends.

Use: python examples/make_report.py [where to write it]
"""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

from fpdf import FPDF

TITLE = "How the Voice Was Kept"
RUNNING_HEAD = "A short history of recorded speech"

#: Where long words may be broken.
BREAKS = (
    "phono-auto-graph phono-graph gramo-phone tele-graphone engi-neer instru-ment record-ing record-ings recog-nised "
    "scien-tists imag-ined mag-netic mag-netised pub-lished founda-tion com-puter com-puters read-ers read-ing lis-ten-ers "
    "sev-eral sur-face mem-bers syn-thetic key-board oper-ator net-work mea-sured sam-ples exam-ple dem-on-strated "
    "vibra-tions Amer-ican Con-gress pro-gramme neigh-bour"
)

BODY: list[tuple[str, str]] = [
    ("h", "A line on paper"),
    ("p", "In 1857 the French printer Édouard-Léon Scott de Martinville patented the phonautograph. A bristle, moved by the "
          "vibrations of the air, drew a wavy line on paper blackened with soot. The instrument could write down a voice, "
          "but nobody had imagined that the line might be read back as sound."),
    ("p", "That had to wait for computers. In 2008 scientists scanned one of his sheets, dated 9 April 1860, and turned the "
          "line into sound. Listeners heard a few seconds of the song Au clair de la lune."),
    ("h", "A voice that comes back"),
    ("p", "Thomas Edison announced his phonograph on 21 November 1877. It was the first machine that could record a voice "
          "and play it back. Ten years later Emile Berliner patented the gramophone, which used a flat disc in place of a "
          "cylinder. Discs could be pressed in large numbers, and recordings became something that a shop could sell."),
    ("p", "In 1898 the Danish engineer Valdemar Poulsen took another path. His telegraphone kept sound on a steel wire that "
          "was magnetised more or less along its length. Magnetic tape, cassettes and hard disks came from the same idea."),
    ("h", "Books for the ear"),
    ("p", "A novel did not fit on the records of the 1920s, since each side lasted only a few minutes. In the 1930s the "
          "American Foundation for the Blind worked on slower discs with finer grooves, and the programme of the Library "
          "of Congress lent such talking books to blind readers. Three things made them useful:"),
    ("i", "a whole chapter could be heard without a break;"),
    ("i", "a trained reader spoke clearly and without haste;"),
    ("i", "the records came by post, free of charge."),
    ("h", "Sound as numbers"),
    ("p", "The compact disc came to shops in Japan in October 1982. It describes sound with 44,100 measurements a second for "
          "each ear, and it does not wear out from being played. A book on tape had filled a box of cassettes; on disc, and "
          "later in a telephone, a listener could go straight to a chapter."),
    ("p", "Numbers can also be compared, changed and computed. The well-known step from keeping a voice to making one was "
          "now a matter of mathematics rather than of mechanics."),
    ("h", "Machines that speak"),
    ("p", "At the New York World's Fair of 1939, Bell Labs showed the Voder. An operator played it like an organ, with a "
          "keyboard, a wrist bar and a pedal, and it answered in a synthetic voice. In 1961 a computer at Bell Labs sang "
          "the song Daisy Bell."),
    ("p", "Ray Kurzweil presented a reading machine on 13 January 1976. It recognised printed letters and spoke them aloud, "
          "so that blind readers could choose their own books. Forty years later, in 2016, the network WaveNet built "
          "speech sample by sample, thousands of times a second. Today a program can learn to speak in a voice from a "
          "few seconds of it, which is why it matters to ask the owner of the voice first."),
]  # fmt: skip


class Report(FPDF):
    """A page with a running head and its number at the foot."""

    def header(self) -> None:
        if self.page_no() == 1:
            return
        self.set_font("Times", "I", 9)
        self.set_y(9)
        self.cell(0, 5, RUNNING_HEAD, align="R")
        self.set_y(self.t_margin)

    def footer(self) -> None:
        self.set_font("Times", "", 9)
        self.set_y(-13)
        self.cell(0, 5, f"- {self.page_no()} -", align="C")


def with_breaks(text: str) -> str:
    """`text` with soft hyphens where its long words may be broken."""
    for word in BREAKS.split():
        whole = word.replace("-", "")
        text = re.sub(rf"\b{whole}\b", word.replace("-", "\u00ad"), text)
    return text


def make(path: Path) -> None:
    """Write the report to `path`."""
    report = Report(format=(148, 210))
    report.set_creation_date(datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC))
    report.set_title(TITLE)
    report.set_lang("en-GB")
    report.set_margins(18, 18)
    report.set_auto_page_break(True, margin=24)
    report.add_page()
    report.set_font("Times", "B", 20)
    report.multi_cell(0, 9, TITLE, align="L", new_x="LMARGIN", new_y="NEXT")
    report.ln(3)
    for kind, text in BODY:
        if kind == "h":
            report.ln(2)
            report.set_font("Times", "B", 14)
            report.multi_cell(0, 7, text, align="L", new_x="LMARGIN", new_y="NEXT")
            continue
        report.set_font("Times", "", 12)
        text = "\x95 " + text if kind == "i" else text
        report.multi_cell(0, 6, with_breaks(text), align="L" if kind == "i" else "J", new_x="LMARGIN", new_y="NEXT")
        if kind == "p":
            report.ln(2)
    report.output(str(path))


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("report.pdf"))
