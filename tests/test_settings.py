from __future__ import annotations

import re
from pathlib import Path

import limits
import pytest
import redis

import settings


def documented() -> set[str]:
    return set(re.findall(r"^\| `([A-Z_]+)`", (settings.ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))


def read_by_settings() -> set[str]:
    source = (settings.ROOT / "settings.py").read_text()
    inside_prefix, outside_prefix = source.split('env.prefixed("VOXREEL_")')[1].split(")\n    database_url")[0], source
    prefixed = {"VOXREEL_" + name for name in re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', inside_prefix)}
    plain = set(re.findall(r'env\.\w+\(\s*"((?:VOXREEL_|REDIS_|DATABASE_|BROKER_)[A-Z_]+)"', outside_prefix))
    return prefixed | plain


def test_every_setting_is_documented_and_every_documented_setting_exists():
    assert len(read_by_settings()) > 20
    assert documented() == read_by_settings()


def test_all_mistakes_are_reported_at_once(monkeypatch):
    monkeypatch.setenv("VOXREEL_API_PORT", "99999")
    monkeypatch.setenv("VOXREEL_DEVICE", "tpu")
    monkeypatch.setenv("REDIS_URL", "localhost:6379")
    with pytest.raises(settings.SettingsError) as failure:
        settings.load()
    for name in ("VOXREEL_API_PORT", "VOXREEL_DEVICE", "REDIS_URL"):
        assert name in str(failure.value)


@pytest.mark.parametrize(
    ("redis_url", "broker"),
    [
        ("redis://somewhere:6380/3", "redis://somewhere:6380/4"),
        ("rediss://me:p%40ss@somewhere", "rediss://me:p%40ss@somewhere/1"),
        ("redis://somewhere?db=3", "redis://somewhere?db=4"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=1"),
        ("unix:///run/redis.sock?db=2", "unix:///run/redis.sock?db=3"),
    ],
)
def test_the_broker_keeps_to_a_redis_database_of_its_own(monkeypatch, redis_url, broker):
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.delenv("BROKER_REDIS_URL", raising=False)
    loaded = settings.load()
    assert loaded.broker_redis_url == broker
    kept, queues = (redis.Redis.from_url(url).connection_pool.connection_kwargs for url in (redis_url, broker))
    for place in ("host", "port", "path", "username", "password"):
        assert kept.get(place) == queues.get(place)
    assert queues["db"] == (kept.get("db") or 0) + 1


def test_a_database_that_we_do_not_speak_to_is_refused_without_telling_its_password(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://me:secret@somewhere/voxreel")
    with pytest.raises(settings.SettingsError, match="DATABASE_URL: must start with sqlite:// or postgresql://") as failure:
        settings.load()
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("rate", ["5 per minute", "5/second", "10/2 hours; 100 per day", "1 per 1 month, 2 per year"])
def test_rate_limits_that_the_limiter_understands_are_taken(monkeypatch, rate):
    assert limits.parse_many(rate)
    monkeypatch.setenv("VOXREEL_RATE_LIMIT", rate)
    assert settings.load().rate_limit == rate


@pytest.mark.parametrize("rate", ["lots", "5", "5 per fortnight", "per minute", "-1 per minute", ""])
def test_rate_limits_that_would_fail_every_request_are_refused(monkeypatch, rate):
    monkeypatch.setenv("VOXREEL_SUBMIT_RATE_LIMIT", rate)
    with pytest.raises(settings.SettingsError, match="VOXREEL_SUBMIT_RATE_LIMIT: must be such as"):
        settings.load()


def test_relative_folders_are_made_absolute(monkeypatch):
    for name in ("VOXREEL_DATA_DIR", "VOXREEL_CHECKPOINT", "VOXREEL_MEDIA_ROOT"):
        monkeypatch.setenv(name, "somewhere/below")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    loaded = settings.load()
    assert loaded.data_dir == loaded.checkpoint == loaded.media_root == Path.cwd() / "somewhere" / "below"
    assert loaded.database_url == f"sqlite:///{loaded.data_dir}/voxreel.db"


@pytest.mark.parametrize(("said", "span"), [("auto", None), ("2", (2, 2)), ("1..4", (1, 4))])
def test_replicas_are_a_number_or_a_span(monkeypatch, said, span):
    monkeypatch.setenv("VOXREEL_REPLICAS", said)
    assert settings.load().replicas == span


@pytest.mark.parametrize("said", ["0", "4..1", "0..2", "many", "1..", "-1", "1.5"])
def test_replicas_that_cannot_be_are_refused(monkeypatch, said):
    monkeypatch.setenv("VOXREEL_REPLICAS", said)
    with pytest.raises(settings.SettingsError, match=r"VOXREEL_REPLICAS: must be auto"):
        settings.load()
