"""Which server to talk to, and with which key."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import settings
from cli.client import Client, is_loopback
from cli.errors import BadUse, Unreachable
from cli.talk import Tell, telling

if TYPE_CHECKING:
    from stack.launch import RunningStack


@contextlib.contextmanager
def connected(*, local: bool = False, tell: Tell | None = None) -> Iterator[Client]:
    """A client of the server at VOXREEL_URL, or else of the stack on our data folder, or else at the usual port.

    local: of a whole stack that runs for as long as the block, unless one runs already. tell: told what a person may want
    to know while it takes its time; standard error when left out.
    """
    tell = tell or telling()
    with contextlib.ExitStack() as ending:
        if local:
            running = start_local(ending, tell)
            url, key = running.url, running.admin_key
            if not running.children:
                tell(f"using the server that already runs at {url}")
        else:
            url, key = _server()
        yield ending.enter_context(contextlib.closing(Client(url, key, tell=tell)))


def start_local(ending: contextlib.ExitStack, tell: Tell) -> RunningStack:
    """A whole stack that stops when `ending` does; joined, and left up, where one already runs on our data folder."""
    # Imported here only: it brings in every room of the house.
    from stack.launch import running_stack
    from stack.processes import StackError

    try:
        return ending.enter_context(running_stack(checked_settings(), starting=lambda part: tell(f"starting {part} ...")))
    except StackError as error:
        raise Unreachable(f"The local server did not start. {error}") from None


def _server() -> tuple[str, str]:
    """The URL of the server to ask, and the key for it."""
    named = os.environ.get("VOXREEL_URL")
    if not named:
        url = _url_of_stack(checked_settings().data_dir) or f"http://127.0.0.1:{checked_settings().api_port}"
        return url, _key(own=True)
    if urlsplit(named).scheme not in ("http", "https") or not urlsplit(named).hostname:
        raise BadUse(f"VOXREEL_URL is {named!r}, which is no address. Set it to one such as http://127.0.0.1:8000.")
    # The key in our own data folder is for this machine; it must not be sent to any other.
    return named, _key(own=is_loopback(named))


def _url_of_stack(data_dir: Path) -> str | None:
    """Where the stack on this data folder is reached, if one runs: it may have been given another port than the usual."""
    try:
        found = json.loads((data_dir / "stack.json").read_text())
        os.kill(found["pid"], 0)
        return found["url"]
    except (OSError, ValueError, KeyError, TypeError):  # none, one that was killed, or one of another user
        return None


def _key(*, own: bool) -> str:
    """The key of VOXREEL_API_KEY or, where the server is our `own`, that of the data folder. Raises BadUse without any."""
    key = os.environ.get("VOXREEL_API_KEY", "").strip()
    if not key and own:
        file = checked_settings().data_dir / "admin.key"
        with contextlib.suppress(FileNotFoundError):
            key = file.read_text(encoding="ascii").strip()
    if not key:
        raise BadUse(
            "There is no API key. Set VOXREEL_API_KEY to one (the operator makes it with `voxreel keys create NAME`), "
            "start a server here with `voxreel serve`, or add --local to have one for this call alone."
        )
    if not (key.isascii() and key.isprintable()):
        raise BadUse("VOXREEL_API_KEY holds characters that no key has. Copy the key again, without anything around it.")
    return key


def checked_settings() -> settings.Settings:
    """The settings of this process. Raises BadUse naming every wrong one."""
    try:
        return settings.get()
    except settings.SettingsError as error:
        raise BadUse(str(error)) from None
