"""How a command ends when it does not end well. Each becomes one sentence on standard error, and an exit code.

CliError
├── JobFailed      1    the job ran and failed
├── BadUse         2    wrong use, or an input that the server refuses
├── Unreachable    3    no server there, it is overloaded, or it broke
└── Interrupted  130    Ctrl-C
"""

from __future__ import annotations


class CliError(Exception):
    """The message is what the user reads: what happened, the code in brackets where there is one, what to do next."""

    exit_code = 1


class JobFailed(CliError):
    """The job ended, but without a result."""

    exit_code = 1


class BadUse(CliError):
    """Trying again as it is would fail again."""

    exit_code = 2


class Unreachable(CliError):
    """Trying again later may help."""

    exit_code = 3


class Interrupted(CliError):
    """The user pressed Ctrl-C."""

    exit_code = 130
