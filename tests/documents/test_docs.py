from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_code_of_a_refusal_is_documented_and_no_other() -> None:
    sources = [*(ROOT / "pipeline" / "documents").glob("*.py"), *(ROOT / "pipeline" / "script").glob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    codes = set(re.findall(r'code="(\w+)"', text)) | set(re.findall(r'"(pdf_\w+)"', text)) - {"pdf_worker"}
    documented = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "documents.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert codes == documented
