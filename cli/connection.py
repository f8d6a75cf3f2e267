"""Which server to talk to, and with which key."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import settings
from cli.client import Client, is_loopback
from cli.errors import BadUse, Unreachable


@contextlib.contextmanager
def connected(*, local: bool = False, starting: Callable[[str], None] = lambda part: None) -> Iterator[Client]:
    """A client of the server at VOXREEL_URL; with `local`, of a whole stack that runs for as long as the block.

    starting: told the name of each part of the local stack as it starts.
    """
    with contextlib.ExitStack() as ending:
        if local:
            url, key = _start(ending, starting)
        else:
            url = os.environ.get("VOXREEL_URL") or f"http://127.0.0.1:{checked_settings().api_port}"
            if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
                raise BadUse(f"VOXREEL_URL is {url!r}, which is no address. Set it to one such as http://127.0.0.1:8000.")
            key = _key_for(url)
        yield ending.enter_context(contextlib.closing(Client(url, key)))


def _start(ending: contextlib.ExitStack, starting: Callable[[str], None]) -> tuple[str, str]:
    # Imported here only: it brings in every room of the house.
    from stack.launch import running_stack
    from stack.processes import StackError

    try:
        running = ending.enter_context(running_stack(checked_settings(), starting=starting))
    except StackError as error:
        raise Unreachable(f"The local server did not start. {error}") from None
    return running.url, running.admin_key


def _key_for(url: str) -> str:
    key = os.environ.get("VOXREEL_API_KEY", "").strip()
    # The key in our own data folder is for this machine; it must not be sent to any other.
    if not key and is_loopback(url):
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
