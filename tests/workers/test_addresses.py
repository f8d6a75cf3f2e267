"""What the cache must tell apart, and what it must find again."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from pipeline.speech.model import Passage
from pipeline.speech.passages import MAX_CHARACTERS
from tests.workers.room import SPEECH, Room
from workers.addresses import address, passage_address

SCENES = "# Rain\n\nIt falls. It runs.\n\n# {second}\n\nIt shines.\n"


def picture(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (160, 90), colour).save(file, "PNG")
    return file.getvalue()


VOICE = {"name": "en_female", "language": "en", "fingerprint": "e" * 64}


def passage(spoken: str = "It falls.") -> Passage:
    return Passage(0, len(spoken), spoken, (), 0, 0.0)


def test_everything_that_a_passage_sounds_by_is_in_its_address() -> None:
    base = passage_address("a", SPEECH, VOICE, passage())
    others = [
        passage_address("b", SPEECH, VOICE, passage()),
        passage_address("a", SPEECH, {**VOICE, "name": "en_male"}, passage()),
        passage_address("a", SPEECH, {**VOICE, "fingerprint": "f" * 64}, passage()),
        passage_address("a", {**SPEECH, "speed": 1.1}, VOICE, passage()),
        passage_address("a", {**SPEECH, "seed": 1}, VOICE, passage()),
        passage_address("a", SPEECH, VOICE, passage("It fell.")),
    ]
    assert len({base, *others}) == 7
    assert passage_address("a", {**SPEECH, "format": "mp3"}, VOICE, passage()) == base


def test_bytes_stand_for_their_content_and_kinds_are_kept_apart() -> None:
    assert address("picture", image=b"a") == address("picture", image=b"a") != address("picture", image=b"b")
    assert address("picture", image=b"a") != address("segment", image=b"a")


def addresses(room: Room, job_id: str, *names: str) -> list[str | None]:
    """Of the outputs of the steps, which run here."""
    return [room.run(job_id, name).address for name in ("script", *names)][1:]


def test_a_card_is_found_again_but_not_where_the_film_has_more_scenes(room: Room) -> None:
    first, again, longer = (
        room.film(SCENES.format(second="Sun")),
        room.film(SCENES.format(second="Sun")),
        room.film(SCENES.format(second="Sun") + "\n# Wind\n\nIt blows.\n"),
    )
    cards = [addresses(room, job_id, "illustrate:0")[0] for job_id in (first, again, longer)]
    assert cards[0] == cards[1]
    assert cards[2] != cards[0], "the card says of how many scenes it is one"


def test_the_same_picture_under_another_name_is_credited_by_its_own(room: Room) -> None:
    def credited(name: str) -> str:
        images = {"address": room.kept(**{name: picture("red")}), "names": [name.replace("_", ".")]}
        step = room.run(room.film(SCENES.format(second="Sun"), images=images), "script", "illustrate:0")
        assert step.address is not None
        return json.loads(room.store.files.path(step.address, "illustration.json").read_bytes())["credit"]["title"]

    assert credited("mine_png") == "mine.png"
    assert credited("yours_png") == "yours.png"


@pytest.mark.parametrize(
    "changes", [{"language": "vi", "voice": "en_female"}, {"speed": 1.5}, {"seed": 3}, {"voice": "vi_female"}]
)
def test_a_narration_changes_with_how_it_is_spoken(room: Room, changes: dict[str, object]) -> None:
    usual, changed = room.film("# Rain\n\nIt falls."), room.film("# Rain\n\nIt falls.", **changes)
    assert addresses(room, usual, "narrate:0") != addresses(room, changed, "narrate:0")


def test_a_scene_over_ones_own_picture_changes_with_its_title(room: Room) -> None:
    images = {"address": room.kept(a_png=picture("red")), "names": ["a.png"]}
    steps = ("narrate:0", "illustrate:0", "render:0")
    rain = addresses(room, room.film("# Rain\n\nIt falls.", images=images), *steps)
    snow = addresses(room, room.film("# Snow\n\nIt falls.", images=images), *steps)
    assert rain[:2] == snow[:2], "the same words and the same picture"
    assert rain[2] != snow[2]


def test_slow_speech_is_cut_into_shorter_passages_and_fast_speech_is_not(room: Room) -> None:
    text = "một hai ba bốn năm sáu bảy tám chín mười, " * 4 + "hết."
    plans = [room.run(room.spoken_text(text, language="vi", speed=speed), "plan").address for speed in (0.5, 1.0, 1.5)]
    slow, usual, fast = (
        json.loads(room.store.files.path(plan, "passages.json").read_bytes()) if plan else [] for plan in plans
    )
    assert usual == fast
    assert plans[1] == plans[2]
    assert all(len(passage["spoken"]) <= MAX_CHARACTERS // 2 for passage in slow)
    assert max(len(passage["spoken"]) for passage in usual) > MAX_CHARACTERS // 2
