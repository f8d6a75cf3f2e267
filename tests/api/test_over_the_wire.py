"""What only a real server shows: bodies without an end, streams, ranges of big files, and its headers."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time

import pytest
import requests

from api.events import MAX_STREAMS
from jobs.progress import report
from tests.api.running import finish_job, running_house, start_step, wait_until


@pytest.fixture(scope="module")
def house(tmp_path_factory, valkey_url, empty_database):
    with running_house(tmp_path_factory.mktemp("house"), valkey_url, empty_database) as house:
        yield house


@pytest.fixture
def settings(house):
    return house.settings


@pytest.fixture
def store(house):
    return house.store


@pytest.fixture
def queue(house):
    return house.queue


@pytest.fixture
def server(house):
    return house.server


def post(server, path, key, **parts):
    return requests.post(server.url + path, headers={"X-API-Key": key, **parts.pop("headers", {})}, timeout=60, **parts)


def submit(server, key, text="Hello there."):
    answer = post(server, "/v1/speech", key, json={"text": text})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def endless(total, block=bytes(65_536)):
    for _ in range(total // len(block)):
        yield block


def test_a_body_of_100_megabytes_is_refused_with_or_without_a_length(server, key, nothing_left):
    for body in (bytes, endless):
        for content_type in ("application/json", "multipart/form-data; boundary=b"):
            answer = post(server, "/v1/speech", key, data=body(100_000_000), headers={"Content-Type": content_type})
            assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    nothing_left()
    submit(server, key)


def test_a_chunked_body_within_the_limits_is_taken(server, key):
    body = json.dumps({"text": "In pieces."}).encode()
    answer = post(server, "/v1/speech", key, data=iter([body[:5], body[5:]]), headers={"Content-Type": "application/json"})
    assert answer.status_code == 202


def test_a_body_in_broken_chunks_is_the_clients_mistake(server, key, nothing_left):
    head = f"POST /v1/speech HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n")
        connection.settimeout(10)
        answer = b""
        while b'"request_id"' not in answer:  # the last thing that an error says
            answer += connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"body_broken" in answer
    nothing_left()


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(server, key, nothing_left):
    head = f"POST /v1/speech HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode() + b'Content-Length: 1000\r\n\r\n{"text": "half of')
    assert requests.get(f"{server.url}/healthz", timeout=10).ok
    nothing_left()


def test_requests_that_are_no_http_or_too_long_are_refused(server):
    for head in (b"nonsense\r\n\r\n", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head)
            assert connection.recv(4096).split(b" ")[1] in (b"400", b"414")


def test_events_follow_a_job_to_its_end(server, key, store, queue):
    job_id = submit(server, key)
    with requests.get(f"{server.url}/v1/jobs/{job_id}/events", headers={"X-API-Key": key}, stream=True, timeout=30) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
        events = read_events(lines)
        assert next(events)[1]["status"] == "queued"
        claimed = start_step(store, job_id)
        report(store, claimed, 0.5, "Halfway")
        kind, document = next(event for event in events if event[1].get("message") == "Halfway")
        assert kind == "progress"
        assert 0 < document["percent"] < 100
        from jobs.advance import advance
        from jobs.claims import complete
        from jobs.model import Outcome

        assert complete(store, claimed, Outcome(None))
        advance(store, queue, job_id)
        rest = list(events)
    assert rest[-1] == ("ended", {"status": "succeeded"})


def read_events(lines):
    kind = None
    for line in lines:
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


def test_streams_are_bounded_and_given_back(server, key):
    job_id = submit(server, key)
    url, headers = f"{server.url}/v1/jobs/{job_id}/events", {"X-API-Key": key}
    open_streams, refused = [], None
    # gunicorn may run several processes, each with streams of its own.
    for _ in range(MAX_STREAMS * 4 + 1):
        answer = requests.get(url, headers=headers, stream=True, timeout=30)
        if answer.status_code != 200:
            refused = answer
            break
        open_streams.append(answer)
    assert refused is not None
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_streams")
    assert int(refused.headers["Retry-After"]) > 0
    assert requests.get(f"{server.url}/v1/jobs", headers=headers, timeout=10).ok
    for stream in open_streams:
        stream.close()
    # The job's end wakes the streams, which then find their clients gone.
    requests.delete(f"{server.url}/v1/jobs/{job_id}", headers=headers, timeout=10).raise_for_status()

    def free() -> bool:
        with requests.get(url, headers=headers, stream=True, timeout=30) as answer:
            return answer.status_code == 200

    wait_until(free, "a free stream")


def test_ranges_of_a_big_file_come_over_the_wire(server, key, store, queue):
    content = bytes(range(256)) * 20_000
    job_id = submit(server, key)
    finish_job(store, queue, job_id, {"speech.wav": ("audio/wav", content)})
    url, headers = f"{server.url}/v1/jobs/{job_id}/files/speech.wav", {"X-API-Key": key}
    whole = requests.get(url, headers=headers, timeout=30)
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["Content-Type"] == "audio/wav"
    part = requests.get(url, headers={**headers, "Range": "bytes=5000000-"}, timeout=30)
    assert (part.status_code, part.content) == (206, content[5_000_000:])
    head = requests.head(url, headers=headers, timeout=30)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(content)))


def test_the_server_does_not_tell_what_it_is_made_of(server):
    answer = requests.get(f"{server.url}/healthz", timeout=10)
    assert answer.headers["Server"] == "voxreel"


def test_many_clients_at_once_each_get_their_own_job(server, key):
    ids = []

    def one(number):
        ids.append(submit(server, key, f"Number {number}."))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 12


def test_a_repeated_submission_in_the_same_moment_makes_one_job(server, key):
    ids = []

    def one():
        headers = {"Idempotency-Key": "at-once"}
        ids.append(post(server, "/v1/speech", key, json={"text": "Once."}, headers=headers).json()["id"])

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1


def test_every_line_of_the_log_is_json_without_keys(server, key):
    submit(server, key, "Words that stay private.")
    requests.get(f"{server.url}/v1/jobs?token={key}", headers={"X-API-Key": key}, timeout=10)
    wait_until(lambda: "/v1/jobs" in server.log_text(), "the log line")
    assert all(line["level"] and line["service"] == "api" for line in server.log_lines())
    assert key not in server.log_text()
    assert "Words that stay private" not in server.log_text()


def test_a_server_that_is_told_to_stop_ends_its_requests_and_goes(server, key):
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    assert time.monotonic() - began < 30
    server.start()
