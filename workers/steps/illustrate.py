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
    found = _own_picture(work, scene)
    if found is None:
        place = address("picture", size=size, script=script.title, scene=dataclasses.asdict(script.scenes[scene]), number=scene)
    else:
        place = address("picture", size=size, image=found[0], source=found[1])
    files = work.store.files
    if not files.has(place):
        with files.scratch() as scratch:
            shown = _card(script, scene, size, scratch) if found is None else _fitted(*found, size, scratch)
            about = {"picture": shown.path.name, "kind": shown.kind, "credit": dataclasses.asdict(shown.credit)}
            files.publish(place, {shown.path.name: shown.path, "illustration.json": json.dumps(about).encode()})
    return Outcome(place)


def _own_picture(work: Work, scene: int) -> tuple[Path, Source] | None:
    """The user's picture for a scene: uploaded with the request, or from a folder under the media root."""
    request = work.claim.request
    if request["images"]:
        name = picture_for(scene, request["images"]["names"])
        return work.store.files.path(request["images"]["address"], name), "upload"
    if request["image_folder"]:
        root = work.settings.media_root
        folder = None if root is None else (root / request["image_folder"]).resolve()
        if root is None or folder is None or not folder.is_relative_to(root.resolve()):
            raise PipelineError("The image folder lies outside the media folder of this server.", code="image_folder_missing")
        return picture_for(scene, images_in(folder)), "folder"
    return None


def _card(script: Script, number: int, size: Size, scratch: Path) -> Illustration:
    scene = script.scenes[number]
    total = len(script.scenes)
    return draw_card(
        scene.title, scene.key_phrases, size, scratch / "card.png", number=number + 1, total=total, film=script.title
    )


def _fitted(image: Path, source: Source, size: Size, scratch: Path) -> Illustration:
    return fit_image(image.read_bytes(), image.name, size, Credit(source, image.name), scratch / "picture.jpg")


def read_illustration(work: Work, scene: int) -> Illustration:
    """A scene's picture, from the store."""
    step = f"illustrate:{scene}"
    about = json.loads(work.output(step, "illustration.json"))
    path = work.store.files.path(work.address(step), about["picture"])
    return Illustration(path, about["kind"], Credit(**about["credit"]))
