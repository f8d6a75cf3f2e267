from __future__ import annotations

import pytest

from tests.api.running import finish_job
from tests.api.test_jobs import submit

CONTENT = bytes(range(256)) * 400


@pytest.fixture
def made(client, store, queue):
    """(URL, address) of a file that a job made."""
    job_id = submit(client)
    address = finish_job(store, queue, job_id, {"speech.mp3": ("audio/mpeg", CONTENT)})
    return f"/v1/jobs/{job_id}/files/speech.mp3", address


def test_a_file_comes_whole_with_its_type_and_address(client, made):
    url, address = made
    answer = client.get(url)
    assert (answer.status_code, answer.data) == (200, CONTENT)
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.headers["ETag"] == f'"{address}"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, 102399),
        ("bytes=-10", 102390, 102399),
        ("bytes=102399-999999", 102399, 102399),
    ],
)
def test_a_range_comes_as_asked_for(client, made, asked, start, end):
    answer = client.get(made[0], headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.data == CONTENT[start : end + 1]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end}/{len(CONTENT)}"


@pytest.mark.parametrize("asked", ["bytes=102400-", "bytes=5-2", "frames=1-2", "bytes=x-y"])
def test_a_range_outside_the_file_is_refused_with_its_size(client, made, asked):
    answer = client.get(made[0], headers={"Range": asked})
    assert (answer.status_code, answer.json["error"]["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"


def test_several_ranges_at_once_give_the_whole_file(client, made):
    answer = client.get(made[0], headers={"Range": "bytes=0-1,5-6"})
    assert (answer.status_code, answer.data) == (200, CONTENT)


def test_a_range_of_what_is_no_longer_the_same_gives_the_whole_file(client, made):
    url, address = made
    same = client.get(url, headers={"Range": "bytes=0-9", "If-Range": f'"{address}"'})
    other = client.get(url, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (same.status_code, same.data) == (206, CONTENT[:10])
    assert (other.status_code, other.data) == (200, CONTENT)


def test_a_file_that_the_client_has_is_not_sent_again(client, made):
    url, address = made
    assert client.get(url, headers={"If-None-Match": f'"{address}"'}).status_code == 304


def test_head_tells_the_size_without_the_content(client, made):
    answer = client.head(made[0])
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", str(len(CONTENT)))


def test_a_download_is_named(client, made):
    assert client.get(made[0] + "?download=1").headers["Content-Disposition"] == "attachment; filename=speech.mp3"


def test_a_file_that_the_job_does_not_have_is_not_found(client, made):
    for name in ("other.mp3", "..%2f..%2fvoxreel.db", "..", "text.txt", "%00"):
        assert client.get(made[0].replace("speech.mp3", name)).status_code == 404


def test_a_file_that_retention_removed_is_gone(client, store, made):
    url, address = made
    store.files.remove(address)
    answer = client.get(url)
    assert (answer.status_code, answer.json["error"]["code"]) == (410, "job_files_expired")
