from __future__ import annotations

import io
import json

import numpy as np
import pytest
from fpdf import FPDF
from PIL import Image

from pipeline.documents.model import Document
from tests.api.running import voices_server


def picture(size=(64, 48), format="PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)).save(out, format)
    return out.getvalue()


def pdf(text: str) -> bytes:
    document = FPDF()
    document.add_page()
    document.set_font("helvetica", size=12)
    document.multi_cell(0, 8, text)
    return bytes(document.output())


def request_of(store, job_id):
    from jobs import views

    return views.get(store, job_id, None).request


def test_a_text_becomes_a_speech_job_with_its_defaults_filled_in(client, store):
    answer = client.post("/v1/speech", json={"text": "Good morning. It is 7:30."})
    assert answer.status_code == 202
    job = answer.json
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}" == job["links"]["self"]
    assert (job["kind"], job["status"], job["title"]) == ("speech", "queued", "Good morning. It is 7:30.")
    assert job["request"] == {"voice": None, "language": "en", "speed": 1.0, "seed": 0, "format": "mp3"}
    assert job["progress"]["percent"] == 0
    request = request_of(store, job["id"])
    assert store.files.path(request["input"], "text.txt").read_text(encoding="utf-8") == "Good morning. It is 7:30."


def test_the_first_step_of_each_kind_goes_to_the_workers(client, queue):
    client.post("/v1/speech", json={"text": "One."})
    client.post("/v1/videos", json={"text": "Two."})
    assert len(queue.waiting()) == 2


def test_the_language_is_found_in_the_text_and_can_be_given(client):
    assert client.post("/v1/speech", json={"text": "Xin chào các bạn."}).json["request"]["language"] == "vi"
    given = client.post("/v1/speech", json={"text": "Xin chào các bạn.", "language": "en"})
    assert given.json["request"]["language"] == "en"


def test_a_text_is_kept_to_the_letter_so_that_timings_lie_on_it(client, store):
    text = "  Một.\r\n\r\nHai —  “ba”. \U0001f600\n"
    job = client.post("/v1/speech", json={"text": text}).json
    assert store.files.path(request_of(store, job["id"])["input"], "text.txt").read_bytes().decode() == text


def test_markdown_becomes_a_video_job_whose_document_bears_no_marks(client, store):
    answer = client.post(
        "/v1/videos", json={"text": "# Rain\n\nIt **falls**.", "text_format": "markdown", "aspect": "9:16", "subtitles": False}
    )
    assert answer.status_code == 202
    request = request_of(store, answer.json["id"])
    kept = json.loads(store.files.path(request["input"], "document.json").read_text(encoding="utf-8"))
    document = Document.from_json(kept)
    assert [block.text for block in document.blocks] == ["Rain", "It falls."]
    assert (request["aspect"], request["resolution"], request["subtitles"]) == ("9:16", "1080p", False)
    assert request["images"] is None
    assert request["image_folder"] is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"Plain words."),
        ("a.md", "# Đầu đề\n\nXin chào.".encode()),
        ("a.pdf", pdf("Words in a PDF. They are read.")),
        ("no-ending", pdf("Told apart by content.")),
    ],
)
def test_documents_are_taken_by_both_addresses(client, name, content):
    for address in ("/v1/speech", "/v1/videos"):
        answer = client.post(address, data={"document": (io.BytesIO(content), name), "speed": "1.5", "seed": "7"})
        assert answer.status_code == 202, answer.text
        assert answer.json["request"]["speed"] == 1.5
        assert answer.json["request"]["seed"] == 7


def test_images_are_kept_in_their_order_under_names_that_are_safe(client, store):
    files = [(io.BytesIO(picture()), "b.png"), (io.BytesIO(picture(format="JPEG")), "ả" * 120 + ".JPG")]
    answer = client.post("/v1/videos", data={"text": "Two pictures.", "images": files})
    assert answer.status_code == 202, answer.text
    images = request_of(store, answer.json["id"])["images"]
    assert images["names"] == ["001-b.png", "002-" + "ả" * 40 + ".jpeg"]
    assert store.files.path(images["address"], "001-b.png").read_bytes() == picture()


def test_a_folder_of_pictures_is_kept_relative_to_the_media_root(client, store, settings):
    folder = settings.media_root / "holiday" / "best"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(picture())
    answer = client.post("/v1/videos", json={"text": "A folder.", "image_folder": "holiday/../holiday/best/"})
    assert answer.status_code == 202, answer.text
    assert request_of(store, answer.json["id"])["image_folder"] == "holiday/best"


def test_a_voice_is_checked_while_serving_answers(settings, store, queue, key):
    import dataclasses

    from api.app import create_app

    with voices_server({"en_female": "en", "vi_female": "vi"}) as url:
        app = create_app(dataclasses.replace(settings, serving_url=url), store, queue)
        client = app.test_client()
        headers = {"X-API-Key": key}
        assert [voice["name"] for voice in client.get("/v1/voices", headers=headers).json["voices"]] == [
            "en_female",
            "vi_female",
        ]
        refused = client.post("/v1/speech", json={"text": "Hello.", "voice": "nobody"}, headers=headers)
        assert refused.status_code == 422
        assert refused.json["error"]["code"] == "voice_unknown"
        assert "en_female, vi_female" in refused.json["error"]["message"]
        assert client.post("/v1/speech", json={"text": "Hello.", "voice": "vi_female"}, headers=headers).status_code == 202
    # Serving is gone now; what it said is still known.
    assert client.get("/v1/voices", headers=headers).status_code == 200
    assert client.post("/v1/speech", json={"text": "Hello.", "voice": "nobody"}, headers=headers).status_code == 422


def test_a_voice_is_left_to_the_worker_while_serving_is_away(client):
    assert client.post("/v1/speech", json={"text": "Hello.", "voice": "anyone"}).status_code == 202
    away = client.get("/v1/voices")
    assert away.status_code == 503
    assert away.json["error"]["code"] == "serving_unavailable"
    assert int(away.headers["Retry-After"]) > 0


def test_a_job_is_taken_in_while_redis_is_away(settings, store, key):
    import dataclasses

    from api.app import create_app
    from store import open_store

    away = dataclasses.replace(settings, redis_url="redis://127.0.0.1:9/0", broker_redis_url="redis://127.0.0.1:9/1")
    app = create_app(away, open_store(away))
    answer = app.test_client().post("/v1/speech", json={"text": "Hello."}, headers={"X-API-Key": key})
    assert answer.status_code == 202, answer.text
    assert answer.json["progress"]["status"] == "queued"


def test_the_title_is_one_short_line_without_control_characters(client):
    job = client.post("/v1/speech", json={"text": "\n\n Line one\nline\ttwo \u202egnp.exe " + "word " * 100}).json
    assert job["title"].startswith("Line one line two gnp.exe word")
    assert len(job["title"]) <= 80
    assert job["title"].isprintable()


class TestIdempotency:
    def post(self, client, body, key="again-1"):
        return client.post("/v1/speech", json=body, headers={"Idempotency-Key": key})

    def test_the_same_key_and_request_give_the_same_job(self, client):
        first = self.post(client, {"text": "Once.", "speed": 1})
        second = self.post(client, {"speed": 1.0, "text": "Once."})
        assert first.json["id"] == second.json["id"]
        assert "Idempotency-Replayed" not in first.headers
        assert second.headers["Idempotency-Replayed"] == "true"
        assert len(client.get("/v1/jobs").json["jobs"]) == 1

    def test_the_same_key_with_another_request_is_refused_and_nothing_of_it_is_kept(self, client, store):
        self.post(client, {"text": "Once."})
        kept = {entry.address for entry in store.files.entries()}
        refused = self.post(client, {"text": "Twice."})
        assert (refused.status_code, refused.json["error"]["code"]) == (409, "idempotency_key_reused")
        film = {"text": "Thrice.", "images": [(io.BytesIO(picture()), "a.png")]}
        assert client.post("/v1/videos", data=film, headers={"Idempotency-Key": "again-1"}).status_code == 409
        assert {entry.address for entry in store.files.entries()} == kept

    def test_a_repetition_is_answered_without_reading_the_document_again(self, client, store):
        first = self.post(client, {"text": "Once."})
        store.files.remove(request_of(store, first.json["id"])["input"])
        assert self.post(client, {"text": "Once."}).json["id"] == first.json["id"]
        assert list(store.files.entries()) == []

    def test_another_kind_of_job_is_another_request(self, client):
        self.post(client, {"text": "Once."})
        assert client.post("/v1/videos", json={"text": "Once."}, headers={"Idempotency-Key": "again-1"}).status_code == 409

    def test_files_count_by_their_content(self, client):
        def send(content):
            form = {"document": (io.BytesIO(content), "a.txt")}
            return client.post("/v1/speech", data=form, headers={"Idempotency-Key": "file"})

        assert send(b"One.").json["id"] == send(b"One.").json["id"]
        assert send(b"Two.").status_code == 409

    def test_keys_of_different_owners_do_not_meet(self, client, app, other_key):
        first = self.post(client, {"text": "Once."})
        other = app.test_client().post(
            "/v1/speech", json={"text": "Another."}, headers={"Idempotency-Key": "again-1", "X-API-Key": other_key}
        )
        assert other.status_code == 202
        assert other.json["id"] != first.json["id"]

    @pytest.mark.parametrize("named", ["", "x" * 201, " padded ", "đ", "a\tb"])
    def test_a_key_that_is_none_is_refused(self, client, named, nothing_left):
        refused = self.post(client, {"text": "Once."}, named)
        assert (refused.status_code, refused.json["error"]["code"]) == (422, "invalid_request")
        assert "Idempotency-Key" in refused.json["error"]["fields"]
        nothing_left()
