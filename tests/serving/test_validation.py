from __future__ import annotations

import json
from typing import Any

import pytest

from serving.errors import BadRequest
from serving.replica.validation import SpeakRequest, parse

GOOD = {"key": "k", "text": "Hello.", "voice": "amy"}


def parsed(**fields: Any) -> SpeakRequest:
    return parse(json.dumps({**GOOD, **fields}).encode())


def test_what_is_not_said_is_left_to_the_checkpoint() -> None:
    assert parsed() == SpeakRequest("k", "Hello.", "amy", 1.0, 0, "high")
    assert parsed(model=None, timeout_seconds=None) == parsed()


def test_everything_can_be_said() -> None:
    asked = parsed(steps=16, cfg_strength=0, sway=-0.5, timeout_seconds=2, tenant="film 7", model="v1", takes=8)
    assert dict(asked.sampling) == {"steps": 16, "cfg_strength": 0.0, "sway_sampling_coef": -0.5}
    assert (asked.timeout_seconds, asked.tenant, asked.model, asked.takes) == (2.0, "film 7", "v1", 8)


def test_no_sway_is_something_else_than_a_sway_that_is_not_said() -> None:
    assert parsed(sway=None).sampling == (("sway_sampling_coef", None),)
    assert parsed().sampling == ()


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("steps", [0, 129, 1.5, True, "16", None]),
        ("cfg_strength", [-0.1, 10.5, float("nan"), float("inf"), False, "2", None]),
        ("sway", [-1.1, 1.1, float("nan"), True, "none"]),
        ("timeout_seconds", [0, 0.05, 3601, float("nan"), True, "5"]),
        ("tenant", ["x" * 101, 7, None, "\ud800"]),
        ("model", ["", 7, "x" * 201, "\udc00"]),
        ("takes", [0, 9, 1.0, True, None]),
    ],
)
def test_a_wrong_field_is_refused_with_its_own_code(field: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(BadRequest) as refused:
            parsed(**{field: value})
        assert (refused.value.code, refused.value.status) == (f"bad_{field}", 400), value
        assert f"`{field}`" in refused.value.message
