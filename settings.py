"""Every setting of Voxreel, read once from the environment and checked as a whole.

A setting is an environment variable; the table in docs/settings.md lists them all (a test keeps it so).
`load()` reports every mistake at once, each with what to do about it.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from environs import Env, EnvValidationError, ValidationError, validate

ROOT = Path(__file__).resolve().parent

#: One rate limit, as the library `limits` reads it: an amount, and how long a time it is for.
_RATE = r"\d+\s*(per|/)\s*(\d+\s*)?(second|minute|hour|day|month|year)s?"


class SettingsError(Exception):
    """Some settings are wrong. The message names each one and what to do."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The validated settings. Sizes are bytes, times are seconds unless a name says otherwise."""

    # Where things are kept
    data_dir: Path
    database_url: str
    redis_url: str
    broker_redis_url: str
    media_root: Path | None

    # The HTTP API
    api_host: str
    api_port: int
    rate_limit: str
    submit_rate_limit: str
    trusted_proxies: int

    # Limits of a document
    max_upload_bytes: int
    max_pages: int
    max_characters: int
    max_images: int

    # Speech
    serving_url: str
    checkpoint: Path
    models_dir: Path
    device: str
    serving_threads: int
    replicas: tuple[int, int] | None
    replica_gpus: float
    target_ongoing: int
    precision: str
    max_batch_frames: int
    max_queued_frames: int
    voice_cache_bytes: int
    models_bytes: int
    drain_seconds: float
    ray_address: str | None

    # Jobs
    lease_seconds: float
    reconcile_seconds: float
    max_attempts: int
    retention_days: float

    # Logs
    log_level: str

    @property
    def files_dir(self) -> Path:
        """Folder of the content-addressed file store."""
        return self.data_dir / "files"


def _sibling_database(redis_url: str) -> str:
    """The Redis URL of the database after this one: the broker keeps to itself, so a flush of one spares the other.

    The database is told by the query (?db=3), the only way for a socket, or else by the path.
    """
    parts = urlsplit(redis_url)
    query = dict(parse_qsl(parts.query))
    number = query.get("db") or ("" if parts.scheme == "unix" else parts.path.strip("/"))
    following = str(int(number) + 1) if number.isdigit() else "1"
    if "db" in query or parts.scheme == "unix":
        return f"{redis_url.partition('?')[0]}?{urlencode({**query, 'db': following})}"
    return urlunsplit(parts._replace(path="/" + following))


def _absolute(path: Path) -> Path:
    """A folder that means the same to every process, wherever it was started."""
    return path.expanduser().resolve()


def _span(text: str) -> tuple[int, int] | None:
    """The fewest and the most of `2` or `1..4`; None of `auto`."""
    if text == "auto":
        return None
    first, _, last = text.partition("..")
    return int(first), int(last or first)


def _require_span(text: str) -> None:
    span = _span(text) if re.fullmatch(r"auto|\d{1,4}(\.\.\d{1,4})?", text) else (0, 0)
    if span is not None and not 1 <= span[0] <= span[1]:
        raise ValidationError("must be auto, a number such as 2, or the fewest and the most such as 1..4")


def load() -> Settings:
    """Read and check the settings in the environment. Raises SettingsError naming every mistake at once."""
    env = Env(eager=False)
    ports = validate.Range(min=1, max=65535, error="must be a port, 1 to 65535")
    positive = validate.Range(min=0, min_inclusive=False, error="must be greater than 0")
    rates = validate.Regexp(
        rf"^{_RATE}(\s*[;,|]\s*{_RATE})*$", error="must be such as '60 per minute' or '5/second; 1000 per hour'"
    )
    data_dir = env.path("VOXREEL_DATA_DIR", ROOT / ".voxreel")
    redis_url = env.str(
        "REDIS_URL",
        "redis://127.0.0.1:6379/0",
        validate=validate.Regexp(r"^(redis|rediss|unix)://", error="must start with redis://, rediss:// or unix://"),
    )
    with env.prefixed("VOXREEL_"):
        fields: dict[str, Any] = dict(
            media_root=env.path("MEDIA_ROOT", None),
            api_host=env.str("API_HOST", "127.0.0.1"),
            api_port=env.int("API_PORT", 8000, validate=ports),
            rate_limit=env.str("RATE_LIMIT", "600 per minute", validate=rates),
            submit_rate_limit=env.str("SUBMIT_RATE_LIMIT", "60 per minute", validate=rates),
            trusted_proxies=env.int("TRUSTED_PROXIES", 0, validate=validate.Range(min=0, max=10)),
            max_upload_bytes=env.int("MAX_UPLOAD_BYTES", 25_000_000, validate=positive),
            max_pages=env.int("MAX_PAGES", 400, validate=positive),
            max_characters=env.int("MAX_CHARACTERS", 300_000, validate=positive),
            max_images=env.int("MAX_IMAGES", 50, validate=positive),
            serving_url=env.str("SERVING_URL", "http://127.0.0.1:8100", validate=validate.URL(require_tld=False)).rstrip("/"),
            checkpoint=env.path("CHECKPOINT", ROOT / "voices" / "sample"),
            models_dir=env.path("MODELS_DIR", None),
            device=env.str(
                "DEVICE",
                "auto",
                validate=validate.Regexp(r"^(auto|cpu|cuda(:\d+)?|mps)$", error="must be auto, cpu, cuda, cuda:N or mps"),
            ),
            serving_threads=env.int("SERVING_THREADS", 0, validate=validate.Range(min=0)),
            replicas=env.str("REPLICAS", "auto", validate=_require_span),
            replica_gpus=env.float("REPLICA_GPUS", 0.0, validate=validate.Range(min=0, max=1)),
            target_ongoing=env.int("TARGET_ONGOING", 16, validate=positive),
            precision=env.str(
                "PRECISION",
                "auto",
                validate=validate.OneOf(["auto", "float32", "float16", "bfloat16"]),
            ),
            max_batch_frames=env.int("MAX_BATCH_FRAMES", 0, validate=validate.Range(min=0)),
            max_queued_frames=env.int("MAX_QUEUED_FRAMES", 131_072, validate=positive),
            models_bytes=env.int("MODELS_BYTES", 8_000_000_000, validate=positive),
            drain_seconds=env.float("DRAIN_SECONDS", 15.0, validate=positive),
            ray_address=env.str(
                "RAY_ADDRESS", None, validate=validate.Regexp(r"^https?://", error="must be a URL such as http://head:8265")
            ),
            voice_cache_bytes=env.int("VOICE_CACHE_BYTES", 268_435_456, validate=positive),
            lease_seconds=env.float("LEASE_SECONDS", 30.0, validate=positive),
            reconcile_seconds=env.float("RECONCILE_SECONDS", 10.0, validate=positive),
            max_attempts=env.int("MAX_ATTEMPTS", 3, validate=positive),
            retention_days=env.float("RETENTION_DAYS", 30.0, validate=positive),
            log_level=env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"])),
        )
    database_url = env.str(
        "DATABASE_URL",
        "",
        validate=validate.Regexp(
            r"^$|^(sqlite|postgres|postgresql)(\+\w+)?://", error="must start with sqlite:// or postgresql://"
        ),
    )
    broker_redis_url = env.str("BROKER_REDIS_URL", "")
    _seal(env)
    data_dir = _absolute(data_dir)
    fields["models_dir"] = fields["models_dir"] or data_dir / "models"
    fields["replicas"] = _span(fields["replicas"])
    fields |= {name: _absolute(fields[name]) for name in ("checkpoint", "models_dir", "media_root") if fields[name] is not None}
    return Settings(
        data_dir=data_dir,
        database_url=database_url or f"sqlite:///{data_dir / 'voxreel.db'}",
        redis_url=redis_url,
        broker_redis_url=broker_redis_url or _sibling_database(redis_url),
        **fields,
    )


def _seal(env: Env) -> None:
    try:
        env.seal()
    except EnvValidationError as error:
        mistakes = dict(error.error_messages)  # type: ignore[arg-type]  # a list only where one field was read alone
        lines = [f"  {name}: {' '.join(messages)}" for name, messages in sorted(mistakes.items())]
        raise SettingsError(
            "These settings are wrong; set them right in the environment (docs/settings.md tells each) and start again:\n"
            + "\n".join(lines)
        ) from None


@functools.cache
def get() -> Settings:
    """The settings of this process, read at the first call."""
    return load()
