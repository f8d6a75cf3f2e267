"""What is refused is refused at the door, with a code, and leaves nothing behind."""

from __future__ import annotations

import base64
import io
import json
import zipfile
import zlib

import numpy as np
import pypdf
import pytest
from PIL import Image

from tests.api.test_submitting import pdf, picture


def refused(answer, status, code, field=None):
    assert answer.status_code == status, answer.text
    error = answer.json["error"]
    assert error["code"] == code, answer.text
    assert error["message"].endswith((".", ")"))
    assert error["request_id"] == answer.headers["X-Request-Id"]
    if field is not None:
        assert field in error["fields"], answer.text


def upload(name, content, field="document"):
    return {field: (io.BytesIO(content), name)}


@pytest.fixture(params=["/v1/speech", "/v1/videos"])
def address(request):
    return request.param


@pytest.fixture(autouse=True)
def _leaves_nothing(nothing_left):
    yield
    nothing_left()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[1, 2]",
        b'"text"',
        b'{"text": NaN}',
        b'{"text": "a", "speed": Infinity}',
        b'{"text": "\xff\xfe"}',
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"text": "a", "seed": ' + b"9" * 5000 + b"}",
        b"\x00\x01\x02",
        '{"text": "a"}'.encode("utf-16"),
    ],
    ids=range(13),
)
def test_what_is_no_json_object_is_refused(client, address, body):
    refused(client.post(address, data=body, content_type="application/json"), 400, "body_broken")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": 5}, "text"),
        ({"text": None}, "text"),
        ({"text": ["a"]}, "text"),
        ({"text": "a", "speed": 0.4}, "speed"),
        ({"text": "a", "speed": 2.1}, "speed"),
        ({"text": "a", "speed": "fast"}, "speed"),
        ({"text": "a", "speed": True}, "speed"),
        ({"text": "a", "seed": -1}, "seed"),
        ({"text": "a", "seed": 2**32}, "seed"),
        ({"text": "a", "seed": 1.5}, "seed"),
        ({"text": "a", "seed": True}, "seed"),
        ({"text": "a", "language": "fr"}, "language"),
        ({"text": "a", "voice": ""}, "voice"),
        ({"text": "a", "voice": "a\nb"}, "voice"),
        ({"text": "a", "voice": "v" * 101}, "voice"),
        ({"text": "a", "colour": "red"}, "colour"),
        ({"text": "a", "__proto__": {}}, "__proto__"),
        ({"text": "a", "document": "b"}, "document"),
        ({"text": "nul \x00 inside"}, "text"),
        ({"text": "bell \x07"}, "text"),
    ],
)
def test_a_wrong_field_is_named(client, address, body, field):
    refused(client.post(address, json=body), 422, "invalid_request", field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "a", "resolution": "4k"}, "resolution"),
        ({"text": "a", "aspect": "1:1"}, "aspect"),
        ({"text": "a", "subtitles": "perhaps"}, "subtitles"),
        ({"text": "a", "text_format": "html"}, "text_format"),
        ({"text": "a", "format": "mp3"}, "format"),
        ({"text": "a", "image_folder": "a\x00b"}, "image_folder"),
        ({"text": "a", "image_folder": ""}, "image_folder"),
    ],
)
def test_a_wrong_field_of_a_video_is_named(client, body, field):
    refused(client.post("/v1/videos", json=body), 422, "invalid_request", field)


def test_all_wrong_fields_are_named_at_once(client):
    answer = client.post("/v1/speech", json={"text": 1, "speed": 9, "colour": "red"})
    assert set(answer.json["error"]["fields"]) == {"text", "speed", "colour"}


def test_a_field_that_stands_twice_is_refused_in_json_and_in_forms(client, address):
    body = b'{"text": "one", "text": "two"}'
    refused(client.post(address, data=body, content_type="application/json"), 422, "invalid_request", "text")
    form = client.post(address, data={"text": ["one", "two"]}, content_type="multipart/form-data")
    refused(form, 422, "invalid_request", "text")
    two = {"document": [(io.BytesIO(b"One."), "a.txt"), (io.BytesIO(b"Two."), "b.txt")]}
    refused(client.post(address, data=two), 422, "invalid_request", "document")


def test_half_a_surrogate_pair_is_refused(client, address):
    body = b'{"text": "half \\ud83d of an emoji"}'
    refused(client.post(address, data=body, content_type="application/json"), 422, "invalid_request", "text")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "", "multipart/mixed", "audio/wav"]
)
def test_other_types_of_body_are_refused(client, address, content_type):
    answer = client.post(address, data=b'{"text": "a"}', content_type=content_type or None)
    refused(answer, 415, "unsupported_media_type")


def test_a_compressed_body_is_refused(client, address):
    answer = client.post(
        address, data=zlib.compress(b'{"text": "a"}'), content_type="application/json", headers={"Content-Encoding": "deflate"}
    )
    refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("text", ["", " \n\t ", "...!?", "\u200b\u200b", "\U0001f600 \U0001f600", "—"])
def test_a_text_without_words_is_refused(client, address, text):
    refused(client.post(address, json={"text": text}), 422, "nothing_to_speak")


def test_a_document_of_code_alone_has_nothing_to_speak(client, address):
    refused(client.post(address, data=upload("a.md", b"# \n\n```\nprint(1)\n```\n")), 422, "nothing_to_speak")


def test_a_video_of_nothing_but_an_address_is_refused_at_the_door(client, store):
    refused(client.post("/v1/videos", json={"text": "https://example.org/a/b"}), 422, "nothing_to_tell")
    assert list(store.files.entries()) == []


def test_a_text_that_is_too_long_is_refused(client, address):
    refused(client.post(address, json={"text": "word " * 1100}), 422, "document_too_long")


def test_text_and_document_together_are_refused(client, address):
    refused(client.post(address, data={"text": "a", **upload("a.txt", b"b")}), 422, "invalid_request", "text")


def test_the_format_of_a_document_cannot_be_claimed(client):
    form = {"text_format": "plain", **upload("a.md", b"# Words")}
    refused(client.post("/v1/videos", data=form), 422, "invalid_request", "text_format")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a/b.txt", "..", "a\x1b[2Jb.txt", "fdp.\u202etxt", "n" * 300]
)
def test_a_name_that_is_a_path_or_hides_something_is_refused(client, address, name):
    refused(client.post(address, data=upload(name, b"Words.")), 422, "document_name_unsafe")
    if address == "/v1/videos":
        refused(client.post(address, data={"text": "a", **upload(name, picture(), "images")}), 422, "document_name_unsafe")


@pytest.mark.parametrize(
    "disposition",
    [b'filename="..\\\\..\\\\boot.ini"', b"filename*=utf-8''..%5C..%5Cboot.ini", b"filename*=utf-8''%2Fetc%2Fpasswd"],
)
def test_a_path_in_an_encoded_name_is_refused(client, address, disposition):
    head = b'--b\r\nContent-Disposition: form-data; name="document"; ' + disposition
    body = head + b"\r\nContent-Type: text/plain\r\n\r\nWords.\r\n--b--\r\n"
    answer = client.post(address, data=body, content_type="multipart/form-data; boundary=b")
    refused(answer, 422, "document_name_unsafe")


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", b"\x00" * 50_000_000)
    return out.getvalue()


def encrypted_pdf() -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf("Secret words.")))
    writer.encrypt("a password", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("a.zip", zip_bomb(), 415, "unsupported_type"),
        ("a.pdf", zip_bomb(), 415, "unsupported_type"),
        ("a.png", picture(), 415, "unsupported_type"),
        ("a.txt", b"\x7fELF" + bytes(200), 415, "unsupported_type"),
        ("a.pdf", encrypted_pdf(), 422, "pdf_encrypted"),
        ("a.pdf", pdf("Words.")[:400], 422, "pdf_damaged"),
        ("a.txt", "Chào".encode("cp1258", "replace") + b"\xff\xfe\xe9 caf\xe9", 422, "not_utf8"),
        ("a.txt", b"", 422, "document_empty"),
        ("a.txt", b"words " * 40_000, 413, "document_too_large"),
    ],
    ids=["zip bomb", "zip bomb as pdf", "image", "program", "encrypted", "cut off", "not utf-8", "empty", "too large"],
)
def test_a_document_that_cannot_be_read_is_refused(client, address, name, content, status, code):
    refused(client.post(address, data=upload(name, content)), status, code)


def huge_png() -> bytes:
    """A picture of 400 million pixels in a few kilobytes, as a decompression bomb."""

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (20_000).to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def gif() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.zeros((20, 20), dtype=np.uint8)).save(out, "GIF")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (huge_png(), 413, "image_too_large"),
        (picture()[:200], 422, "image_unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422, "image_unreadable"),
        (gif(), 415, "image_unsupported"),
        (b"", 422, "image_unreadable"),
    ],
    ids=["bomb", "cut off", "svg", "gif", "empty"],
)
def test_a_picture_that_cannot_be_shown_is_refused(client, content, status, code):
    files = [(io.BytesIO(picture()), "good.png"), (io.BytesIO(content), "bad.png")]
    refused(client.post("/v1/videos", data={"text": "Pictures.", "images": files}), status, code)


def test_too_many_pictures_are_refused(client):
    files = [(io.BytesIO(picture()), f"{n}.png") for n in range(4)]
    refused(client.post("/v1/videos", data={"text": "Pictures.", "images": files}), 422, "images_too_many")


def test_files_where_none_belong_are_refused(client):
    refused(
        client.post("/v1/speech", data={"text": "a", **upload("a.png", picture(), "images")}), 422, "invalid_request", "images"
    )
    refused(client.post("/v1/speech", data={"text": "a", **upload("a", b"b", "payload")}), 422, "invalid_request", "payload")
    form = client.post("/v1/speech", data={"document": "no file"}, content_type="multipart/form-data")
    refused(form, 422, "invalid_request", "document")


@pytest.mark.parametrize(
    ("folder", "status", "code"),
    [
        ("../", 422, "image_folder_outside"),
        ("/etc", 422, "image_folder_outside"),
        ("/does/not/exist", 422, "image_folder_outside"),
        ("escape", 422, "image_folder_outside"),
        ("links", 422, "image_folder_outside"),
        ("nothing", 404, "image_folder_missing"),
        ("empty", 422, "image_folder_empty"),
        ("file.txt", 404, "image_folder_missing"),
        ("circle", 404, "image_folder_missing"),
        pytest.param("a" * 1000, 404, "image_folder_missing", id="long"),
    ],
)
def test_a_folder_outside_the_media_root_or_without_pictures_is_refused(client, settings, tmp_path, folder, status, code):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "private.png").write_bytes(picture())
    (settings.media_root / "escape").symlink_to(outside)
    (settings.media_root / "links").mkdir()
    (settings.media_root / "links" / "1.png").symlink_to(outside / "private.png")
    (settings.media_root / "empty").mkdir()
    (settings.media_root / "file.txt").write_text("x")
    (settings.media_root / "circle").symlink_to(settings.media_root / "circle")
    refused(client.post("/v1/videos", json={"text": "a", "image_folder": folder}), status, code)


def test_a_server_without_a_media_root_lends_no_folder(settings, store, queue, key):
    import dataclasses

    from api.app import create_app

    app = create_app(dataclasses.replace(settings, media_root=None), store, queue)
    answer = app.test_client().post("/v1/videos", json={"text": "a", "image_folder": "x"}, headers={"X-API-Key": key})
    refused(answer, 422, "image_folder_disabled")


def test_a_broken_form_is_refused(client, address):
    whole = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nwords\r\n--b--\r\n'
    cut = client.post(address, data=whole[:-12], content_type="multipart/form-data; boundary=b")
    refused(cut, 400, "body_broken")
    refused(client.post(address, data=whole, content_type="multipart/form-data"), 400, "body_broken")


def test_a_form_in_another_encoding_is_refused(client, address):
    body = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\ncaf\xe9\r\n--b--\r\n'
    refused(client.post(address, data=body, content_type="multipart/form-data; boundary=b"), 422, "invalid_request", "text")


def test_bodies_beyond_the_limits_are_refused(client, address):
    refused(client.post(address, json={"text": "a" * 200_000}), 413, "too_large")
    refused(client.post(address, data=upload("a.txt", bytes(1_300_000))), 413, "too_large")
    refused(client.post(address, data={"text": "a" * 100_000}, content_type="multipart/form-data"), 413, "too_large")
    many = {f"f{n}": "x" for n in range(200)}
    refused(client.post(address, data=many, content_type="multipart/form-data"), 413, "too_large")


def test_a_wrong_cursor_or_filter_is_refused(client):
    for query, field in (
        ("cursor=nonsense", "cursor"),
        ("cursor=%00", "cursor"),
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("status=lost", "status"),
        ("kind=film", "kind"),
        ("page=2", "page"),
    ):
        refused(client.get(f"/v1/jobs?{query}"), 422, "invalid_request", field)


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "never"])
def test_a_forged_cursor_is_refused(client, time):
    cursor = base64.urlsafe_b64encode(f"{time}|{'0' * 32}".encode()).decode()
    refused(client.get("/v1/jobs", query_string={"cursor": cursor}), 422, "invalid_request", "cursor")


def test_ids_that_are_none_are_not_found(client):
    for job_id in ("x", "%00", "..%2f..", "0" * 32, "'%20OR%201=1", "%F0%9F%98%80", "0" * 5000):
        refused(client.get(f"/v1/jobs/{job_id}"), 404, client.get(f"/v1/jobs/{job_id}").json["error"]["code"])
        assert client.delete(f"/v1/jobs/{job_id}").status_code == 404


def test_the_body_of_an_error_is_never_html(client):
    for answer in (client.get("/nowhere"), client.put("/v1/speech"), client.get("/v1/speech")):
        assert answer.content_type == "application/json"
        assert json.loads(answer.data)["error"]["code"] in ("not_found", "method_not_allowed")
    assert "POST" in client.get("/v1/speech").headers["Allow"]
