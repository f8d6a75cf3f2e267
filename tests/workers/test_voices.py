from __future__ import annotations

import pytest

from pipeline.errors import PipelineError
from workers.passages import _voice_for

VOICES = [
    {"name": "en_one", "language": "en"},
    {"name": "vi_one", "language": "vi"},
    {"name": "vi_two", "language": "vi"},
]


@pytest.mark.parametrize(
    ("voice", "language", "chosen"),
    [(None, "en", "en_one"), (None, "vi", "vi_one"), ("vi_two", "vi", "vi_two"), ("en_one", "vi", "en_one")],
)
def test_the_voice_asked_for_speaks_or_else_the_first_of_the_language(voice: str | None, language: str, chosen: str) -> None:
    assert _voice_for({"voice": voice, "language": language}, VOICES)["name"] == chosen


@pytest.mark.parametrize(("voice", "language"), [("nobody", "en"), (None, "fr")])
def test_without_a_fitting_voice_the_job_fails_at_once_and_names_those_there_are(voice: str | None, language: str) -> None:
    with pytest.raises(PipelineError, match="en_one, vi_one, vi_two") as refused:
        _voice_for({"voice": voice, "language": language}, VOICES)
    assert (refused.value.code, refused.value.retryable) == ("voice_unknown", False)
