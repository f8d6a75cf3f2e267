"""illustrate: a scene gets its picture, one of the user's or a drawn card."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from jobs.model import Outcome
from pipeline.errors import PipelineError
from pipeline.script.model import Script
from pipeline.video.sizes import Size, frame_size
from pipeline.visuals.cards import draw_card
from pipeline.visuals.folder import images_in, picture_for
from pipeline.visuals.images import fit_image
from pipeline.visuals.model import Credit, Illustration, Source
from workers.addresses import address
from workers.steps.script import read_script
from workers.work import Work


def run(work: Work) -> Outcome:
    """Publish the picture under its own name, and illustration.json: its name, kind and credit."""
    script, scene = read_script(work), work.claim.params["scene"]
    size = frame_size(work.claim.request["resolution"], work.claim.request["aspect"])
    own = _own_picture(work, scene)
    if own is None:
        words = {"title": script.scenes[scene].title, "phrases": script.scenes[scene].key_phrases, "film": script.title}
        place = address("picture", size=size, number=scene, total=len(script.scenes), **words)
    else:
        place = address("picture", size=size, image=own.data, name=own.name, source=own.source)
    files = work.store.files
    if not files.has(place):
        with files.scratch() as scratch:
            shown = _card(script, scene, size, scratch) if own is None else _fitted(own, size, scratch)
            about = {"picture": shown.path.name, "kind": shown.kind, "credit": dataclasses.asdict(shown.credit)}
            files.publish(place, {shown.path.name: shown.path, "illustration.json": json.dumps(about).encode()})
    return Outcome(place)


@dataclasses.dataclass(frozen=True)
class _OwnPicture:
    """A picture of the user's: the bytes of its file, the file's name, and where it came from."""

    data: bytes
    name: str
    source: Source


def _own_picture(work: Work, scene: int) -> _OwnPicture | None:
    """The user's picture for a scene: uploaded with the request, or from a folder under the media root."""
    request = work.claim.request
    if request["images"]:
        name = picture_for(scene, request["images"]["names"])
        return _OwnPicture(work.store.files.path(request["images"]["address"], name).read_bytes(), name, "upload")
    if request["image_folder"]:
        path = picture_for(scene, _lent_pictures(work.settings.media_root, request["image_folder"]))
        return _OwnPicture(path.resolve().read_bytes(), path.name, "folder")
    return None


def _lent_pictures(media_root: Path | None, image_folder: str) -> list[Path]:
    """The pictures of a folder below the media root. The API asked the same, but the folder may have changed since then."""
    if media_root is None:
        raise PipelineError("This server lends no folder of pictures any more.", code="image_folder_disabled")
    root = media_root.resolve()
    folder = (root / image_folder).resolve()
    pictures = images_in(folder) if folder.is_relative_to(root) else [folder]
    if not all(picture.resolve().is_relative_to(root) for picture in pictures):
        message = "A picture in image_folder lies outside the folder that the operator opened for pictures. Choose another."
        raise PipelineError(message, code="image_folder_outside")
    return pictures


def _card(script: Script, number: int, size: Size, scratch: Path) -> Illustration:
    scene = script.scenes[number]
    total = len(script.scenes)
    return draw_card(
        scene.title, scene.key_phrases, size, scratch / "card.png", number=number + 1, total=total, film=script.title
    )


def _fitted(own: _OwnPicture, size: Size, scratch: Path) -> Illustration:
    return fit_image(own.data, own.name, size, Credit(own.source, own.name), scratch / "picture.jpg")


def read_illustration(work: Work, scene: int) -> Illustration:
    """A scene's picture, from the store."""
    step = f"illustrate:{scene}"
    about = json.loads(work.output(step, "illustration.json"))
    path = work.store.files.path(work.address(step), about["picture"])
    return Illustration(path, about["kind"], Credit(**about["credit"]))
