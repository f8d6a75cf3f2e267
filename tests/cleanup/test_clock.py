"""The clock of the clean-up, as a process, on a real Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import redis
from dramatiq import Message

from jobs.queues import NAMESPACE
from settings import ROOT
from tests.services import start_valkey


def test_the_clock_sweeps_at_once_and_does_not_pile_up_messages_while_no_worker_listens(tmp_path: Path) -> None:
    with start_valkey() as url, redis.Redis.from_url(f"{url}/1") as client:
        places = {"REDIS_URL": f"{url}/0", "BROKER_REDIS_URL": f"{url}/1", "VOXREEL_DATA_DIR": str(tmp_path)}
        environment = {**os.environ, **places, "VOXREEL_RECONCILE_SECONDS": "0.1"}

        def sent() -> Counter[str]:
            return Counter(Message.decode(data).actor_name for data in client.hvals(f"{NAMESPACE}:cleanup.msgs"))

        with subprocess.Popen([sys.executable, "-m", "cleanup.clock"], cwd=ROOT, env=environment) as clock:
            deadline = time.monotonic() + 60
            while sent().total() < 4:
                assert clock.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            time.sleep(0.5)  # five more times of ringing
            assert sent() == {"sweep": 1, "reconcile": 3}
            clock.send_signal(signal.SIGTERM)
            assert clock.wait(20) == 0
