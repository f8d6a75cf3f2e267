"""What all answers have in common: ids, headers, logs, and an honest word on the server's health."""

from __future__ import annotations

import dataclasses
import json
import logging

import pytest
from sqlalchemy.exc import OperationalError

from api.app import create_app
from tests.api.running import voices_server
from tests.api.test_jobs import submit


def test_a_sane_request_id_is_kept_and_any_other_replaced(client):
    assert client.get("/v1/jobs", headers={"X-Request-Id": "abc-DEF_123"}).headers["X-Request-Id"] == "abc-DEF_123"
    for bad in ("a b", "x" * 65, "é", "<script>", ""):
        given = client.get("/v1/jobs", headers={"X-Request-Id": bad}).headers["X-Request-Id"]
        assert given != bad
        assert given.isalnum()


def test_the_request_id_goes_with_the_job(client, store):
    from jobs.claims import claim
    from tests.api.running import ready_step

    answer = client.post("/v1/speech", json={"text": "Hello."}, headers={"X-Request-Id": "from-the-client"})
    assert claim(store, *ready_step(store, answer.json["id"])).request_id == "from-the-client"


def test_one_line_is_logged_for_a_request_and_no_secret_in_it(client, key, caplog):
    caplog.set_level(logging.INFO)
    job_id = submit(client, "Do not log these words.")
    client.get(f"/v1/jobs/{job_id}?secret=hunter2")
    lines = [record for record in caplog.records if record.name == "api.access"]
    assert [(line.method, line.path, line.status) for line in lines] == [
        ("POST", "/v1/speech", 202),
        ("GET", "/v1/jobs/<string:job_id>", 200),
    ]
    assert all(line.key_id == 1 and line.ms >= 0 and line.request_id for line in lines)
    assert {line.job_id for line in lines} == {job_id}
    everything = json.dumps([vars(record) for record in caplog.records], default=str)
    for secret in (key, "hunter2", "Do not log these words"):
        assert secret not in everything


def test_answers_cannot_be_framed_sniffed_or_kept(client):
    headers = client.get("/v1/jobs").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"


def test_an_unexpected_error_shows_no_internals(app, client, monkeypatch, caplog):
    def broken():
        raise RuntimeError("the password is hunter2")

    monkeypatch.setitem(app.view_functions, "voices.list_voices", broken)
    answer = client.get("/v1/voices")
    assert answer.status_code == 500
    assert answer.json["error"]["code"] == "internal_error"
    assert answer.json["error"]["request_id"] == answer.headers["X-Request-Id"]
    assert "hunter2" not in answer.text
    assert "hunter2" not in caplog.text
    assert any("broken" in getattr(record, "where", "") for record in caplog.records)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OSError(28, "No space left on device"), 507, "storage_full"),
        (OperationalError("SELECT 1", {}, ConnectionError("refused")), 503, "database_unavailable"),
    ],
)
def test_troubles_of_the_operator_have_codes_of_their_own(app, client, monkeypatch, error, status, code):
    def broken():
        raise error

    monkeypatch.setitem(app.view_functions, "voices.list_voices", broken)
    answer = client.get("/v1/voices")
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


def test_readiness_names_what_is_missing(settings, anyone):
    answer = anyone.get("/readyz")
    assert answer.status_code == 503
    checks = answer.json["checks"]
    assert {name for name, check in checks.items() if not check["ready"]} == {"serving"}
    assert "VOXREEL_SERVING_URL" in checks["serving"]["message"]


def test_readiness_when_all_is_there_and_when_all_is_gone(settings, store, queue, tmp_path):
    with voices_server({"en_female": "en"}) as url:
        ready = create_app(dataclasses.replace(settings, serving_url=url), store, queue).test_client().get("/readyz")
    assert (ready.status_code, ready.json["ready"]) == (200, True)
    gone = dataclasses.replace(
        settings,
        database_url=f"sqlite:///{tmp_path / 'never-migrated.db'}",
        redis_url="redis://127.0.0.1:9/0",
        broker_redis_url="redis://127.0.0.1:9/1",
    )
    answer = create_app(gone).test_client().get("/readyz")
    assert answer.status_code == 503
    assert {name for name, check in answer.json["checks"].items() if not check["ready"]} == {
        "database",
        "redis",
        "queue",
        "serving",
    }
    assert create_app(gone).test_client().get("/healthz").status_code == 200
