"""The content address of everything a step makes: a hash of all that determines it.

Two jobs that ask for the same thing find each other's work; a job that is taken up again finds its own.
"""

from __future__ import annotations

import hashlib

from pipeline.speech.model import Passage
from store.files import address_of
from version import VERSION

#: Raised whenever the code makes something else of the same input; old entries then age out of the store.
REVISIONS = {
    "plan": 2,
    "passage": 3,
    "speech": 3,
    "script": 1,
    "narration": 2,
    "picture": 1,
    "segment": 1,
    "film": 3,
}


def address(kind: str, **parts: object) -> str:
    """The address of a thing of `kind` made from `parts` by this version of the code. Bytes stand for their hash."""
    plain = {name: hashlib.sha256(part).hexdigest() if isinstance(part, bytes) else part for name, part in parts.items()}
    return address_of(kind, revision=REVISIONS[kind], version=VERSION, **plain)


def passage_address(fingerprint: str, request: dict, voice: dict, passage: Passage) -> str:
    """The address of a spoken passage: the fingerprints of the checkpoint and of the voice, how it is spoken, the words.

    voice: name and fingerprint, as serving tells them. A voice that was recorded anew is another one.
    """
    return address(
        "passage",
        checkpoint=fingerprint,
        voice=voice["name"],
        reference=voice["fingerprint"],
        speed=request["speed"],
        seed=request["seed"],
        spoken=passage.spoken,
    )
