from __future__ import annotations

import dataclasses

import pytest

from api.app import create_app
from store import api_keys


@pytest.fixture
def limited(settings, store, queue):
    """Makes an app with the given limits."""

    def make(**changes):
        return create_app(dataclasses.replace(settings, **changes), store, queue).test_client()

    return make


def code(answer):
    return answer.status_code, answer.json["error"]["code"]


def test_without_a_key_or_with_a_wrong_one_nothing_opens(anyone, key, store):
    for headers, expected in (
        ({}, "key_missing"),
        ({"Authorization": "Basic YTpi"}, "key_missing"),
        ({"Authorization": "Bearer "}, "key_missing"),
        ({"X-API-Key": "vx_" + "a" * 43}, "key_invalid"),
        ({"X-API-Key": key + "x"}, "key_invalid"),
        ({"X-API-Key": "k" * 5000}, "key_invalid"),
        ({"Authorization": "Bearer đđđ"}, "key_invalid"),
    ):
        answer = anyone.get("/v1/jobs", headers=headers)
        assert code(answer) == (401, expected)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert code(anyone.post("/v1/speech", json={"text": "a"})) == (401, "key_missing")


def test_both_headers_open(anyone, key):
    assert anyone.get("/v1/jobs", headers={"X-API-Key": key}).status_code == 200
    assert anyone.get("/v1/jobs", headers={"Authorization": f"bearer {key}"}).status_code == 200


def test_a_revoked_key_opens_nothing(anyone, store):
    key, secret = api_keys.create(store, "gone")
    api_keys.revoke(store, key.id)
    assert code(anyone.get("/v1/jobs", headers={"X-API-Key": secret})) == (401, "key_invalid")


def test_health_and_the_description_need_no_key(anyone):
    assert anyone.get("/healthz").status_code == 200
    assert anyone.get("/readyz").status_code == 503
    assert anyone.get("/v1/openapi.json").status_code == 200


def test_each_key_has_a_limit_of_its_own(limited, key, other_key):
    client = limited(rate_limit="3 per minute")
    answers = [client.get("/v1/jobs", headers={"X-API-Key": key}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["X-RateLimit-Limit"] == "3"
    assert answers[0].headers["X-RateLimit-Remaining"] == "2"
    assert "Retry-After" not in answers[0].headers
    assert code(answers[3]) == (429, "rate_limited")
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 61
    assert client.get("/v1/jobs", headers={"X-API-Key": other_key}).status_code == 200


def test_submissions_have_a_limit_of_their_own_shared_by_both_addresses(limited, key):
    client, headers = limited(submit_rate_limit="2 per minute"), {"X-API-Key": key}
    assert client.post("/v1/speech", json={"text": "One."}, headers=headers).status_code == 202
    assert client.post("/v1/videos", json={"text": "Two."}, headers=headers).status_code == 202
    assert code(client.post("/v1/speech", json={"text": "Three."}, headers=headers)) == (429, "rate_limited")
    assert client.get("/v1/jobs", headers=headers).status_code == 200


def test_guessing_keys_is_limited_by_address(limited, key):
    client = limited(rate_limit="3 per minute")
    for number in range(3):
        assert client.get("/v1/jobs", headers={"X-API-Key": f"vx_guess{number}"}).status_code == 401
    assert code(client.get("/v1/jobs", headers={"X-API-Key": "vx_guess4"})) == (429, "rate_limited")
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/v1/jobs", headers={"X-API-Key": "vx_guess5"}, environ_base=elsewhere).status_code == 401
    assert client.get("/v1/jobs", headers={"X-API-Key": key}).status_code == 200


def test_health_is_not_limited(limited):
    client = limited(rate_limit="1 per minute")
    assert [client.get("/healthz").status_code for _ in range(5)] == [200] * 5


def test_limits_hold_while_redis_is_away(limited, key):
    client = limited(rate_limit="2 per minute", redis_url="redis://127.0.0.1:9/0")
    answers = [client.get("/v1/jobs", headers={"X-API-Key": key}).status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_forwarded_addresses_are_believed_only_from_proxies_that_are_named(limited):
    def guess(client, address):
        return client.get("/v1/jobs", headers={"X-API-Key": "vx_guess", "X-Forwarded-For": address}).status_code

    direct = limited(rate_limit="1 per minute")
    assert [guess(direct, "192.0.2.1"), guess(direct, "192.0.2.2")] == [401, 429]
    behind = limited(rate_limit="1 per minute", trusted_proxies=1)
    assert [guess(behind, "192.0.2.3"), guess(behind, "192.0.2.4"), guess(behind, "192.0.2.4")] == [401, 401, 429]
