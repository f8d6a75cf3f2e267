from __future__ import annotations

import re

import pytest

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


def test_the_broker_keeps_to_a_redis_database_of_its_own(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://somewhere:6380/3")
    loaded = settings.load()
    assert loaded.broker_redis_url == "redis://somewhere:6380/4"


def test_a_relative_data_folder_is_made_absolute(monkeypatch):
    monkeypatch.setenv("VOXREEL_DATA_DIR", "somewhere/below")
    loaded = settings.load()
    assert loaded.data_dir.is_absolute()
    assert loaded.database_url == f"sqlite:///{loaded.data_dir}/voxreel.db"
