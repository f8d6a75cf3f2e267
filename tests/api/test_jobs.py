from __future__ import annotations

from datetime import datetime

from jobs.cancel import cancel
from jobs.progress import report
from tests.api.running import fail_job, finish_job, start_step


def submit(client, text="Hello there.", **fields):
    answer = client.post("/v1/speech", json={"text": text, **fields})
    assert answer.status_code == 202, answer.text
    return answer.json["id"]


def test_a_job_shows_its_progress_and_the_etag_changes_with_it(client, store):
    job_id = submit(client)
    first = client.get(f"/v1/jobs/{job_id}")
    unchanged = client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": first.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    report(store, start_step(store, job_id), 0.5, "Half of it")
    changed = client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.json["progress"]["message"] == "Half of it"
    assert changed.json["progress"]["percent"] > 0
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert changed.headers["Cache-Control"] == "no-store"


def test_a_job_that_succeeded_lists_its_files(client, store, queue):
    job_id = submit(client)
    finish_job(store, queue, job_id, {"speech.mp3": ("audio/mpeg", b"sound"), "speech.srt": ("application/x-subrip", b"1")})
    job = client.get(f"/v1/jobs/{job_id}").json
    assert (job["status"], job["progress"]["status"], job["progress"]["percent"]) == ("succeeded", "succeeded", 100.0)
    assert [(file["name"], file["size"]) for file in job["files"]] == [("speech.mp3", 5), ("speech.srt", 1)]
    assert job["files"][0]["url"] == f"/v1/jobs/{job_id}/files/speech.mp3"
    for field in ("created_at", "started_at", "finished_at"):
        assert datetime.fromisoformat(job[field]).utcoffset().total_seconds() == 0
    assert "input" not in job["request"]


def test_a_job_that_failed_tells_why(client, store, queue):
    job_id = submit(client)
    fail_job(store, queue, job_id, "voice_unknown", "There is no such voice.")
    job = client.get(f"/v1/jobs/{job_id}").json
    assert (job["status"], job["error"]) == ("failed", {"code": "voice_unknown", "message": "There is no such voice."})


def test_cancelling_is_harmless_twice_and_refused_after_the_end(client, store, queue):
    job_id = submit(client)
    for _ in range(2):
        answer = client.delete(f"/v1/jobs/{job_id}")
        assert (answer.status_code, answer.json["status"]) == (200, "cancelled")
    done = submit(client, "Another one.")
    finish_job(store, queue, done, {"speech.mp3": ("audio/mpeg", b"sound")})
    refused = client.delete(f"/v1/jobs/{done}")
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "job_already_ended")
    assert client.get(f"/v1/jobs/{done}").json["status"] == "succeeded"


def test_jobs_of_others_do_not_exist_for_a_user_but_for_an_admin(client, app, store, queue, other_key, admin_key):
    job_id = submit(client)
    finish_job(store, queue, job_id, {"speech.mp3": ("audio/mpeg", b"sound")})
    other, admin = app.test_client(), app.test_client()
    other.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {other_key}"
    admin.environ_base["HTTP_X_API_KEY"] = admin_key
    addresses = (f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}/events", f"/v1/jobs/{job_id}/files/speech.mp3")
    for address in addresses:
        refused = other.get(address)
        assert (refused.status_code, refused.json["error"]["code"]) == (404, "job_not_found")
        assert admin.get(address).status_code == 200
    assert other.delete(addresses[0]).status_code == 404
    assert other.get("/v1/jobs").json["jobs"] == []
    assert [job["id"] for job in admin.get("/v1/jobs").json["jobs"]] == [job_id]


def test_the_pages_of_a_list_hold_every_job_once(client):
    ids = [submit(client, f"Number {number}.") for number in range(7)]
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = client.get("/v1/jobs", query_string={"limit": 3, **({"cursor": cursor} if cursor else {})}).json
        seen += [job["id"] for job in page["jobs"]]
        cursor, pages = page["next_cursor"], pages + 1
        if pages == 1:
            submit(client, "A new one does not shift the pages.")
    assert seen == ids[::-1]
    assert pages == 3


def test_lists_can_be_narrowed(client, store):
    speech, other = submit(client), submit(client, "Other.")
    video = client.post("/v1/videos", json={"text": "A film."}).json["id"]
    cancel(store, other)

    def listed(**query):
        return {job["id"] for job in client.get("/v1/jobs", query_string=query).json["jobs"]}

    assert listed(kind="video") == {video}
    assert listed(status="cancelled") == {other}
    assert listed(status="queued", kind="speech") == {speech}


def test_progress_survives_a_flush_of_redis(client, store):
    job_id = submit(client)
    store.redis.flushall()
    assert client.get(f"/v1/jobs/{job_id}").json["progress"]["status"] == "queued"
