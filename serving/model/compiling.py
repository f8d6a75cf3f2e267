"""Fusing the small operations of a layer on a GPU, where each one alone reads and writes the whole batch."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

logger = logging.getLogger(__name__)


def fused(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """`function` through torch.compile, once for batches of any size and once for a lone row. Where that fails (no Triton, no
    compiler, an old torch), `function` as it is, with one line in the log. Its results may differ in the last digits."""
    compiled = torch.compile(function, dynamic=True)
    failed = False

    @functools.wraps(function)
    def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        nonlocal failed
        if not failed:
            try:
                return compiled(*arguments, **named)
            except torch.OutOfMemoryError:
                raise
            except Exception as error:
                failed = True
                logger.warning(
                    "layers run unfused and slower, since torch.compile failed",
                    extra={"function": function.__name__, "error": str(error)[:500]},
                )
        return function(*arguments, **named)

    return call
