# ruff: noqa: N999  (gunicorn looks for a file of this name)
"""How gunicorn runs the API: threads, as its work is waiting for the database, for Redis and for slow clients."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import gunicorn.http.wsgi
from gunicorn.config import Config
from gunicorn.glogging import Logger

import logs
import settings

_settings = settings.get()


class JsonLogger(Logger):
    """gunicorn's own messages, as JSON with all the others. Requests are logged by api.request_log."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        logs.configure("api", _settings.log_level)
        for logger in (self.error_log, logging.getLogger("py.warnings")):
            logger.handlers = []
            logger.propagate = True


# gunicorn has no setting for its Server header; its version is nobody's business.
gunicorn.http.wsgi.SERVER = "voxreel"

bind = f"{_settings.api_host}:{_settings.api_port}"
wsgi_app = "api.wsgi:app"
worker_class = "gthread"
workers = max(1, min(4, (os.cpu_count() or 2) // 2))
#: More threads than api.events.MAX_STREAMS, so that event streams never take the last one.
threads = 32
#: Seconds without a sign of life after which a worker is replaced. A long request of one thread does not count.
timeout = 60
#: Seconds that requests may take to end when the server is stopped.
graceful_timeout = 15
keepalive = 5
backlog = 512
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
logger_class = JsonLogger
accesslog = None
control_socket_disable = True
# The sign of life is a file: in memory, so that a slow disk is not taken for a dead worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# Whom to believe about the client's address is decided by VOXREEL_TRUSTED_PROXIES alone.
forwarded_allow_ips = ""
