"""How many replicas of the model there are, what each is given, and how many requests it takes: options for Ray Serve."""

from __future__ import annotations

from typing import Any

from serving.batching import budget
from settings import Settings

#: Frames of about the shortest passage there is: two seconds of a reference and one of speech. A queue that is full in
#: frames holds at most so many passages, so that it is the scheduler that refuses (429, with the time until there is
#: room) and not Serve, which counts requests and knows no time.
SHORTEST_PASSAGE = 256
#: Frames of a batch on a CPU of some cores; there the queue is what counts.
CPU_BATCH_FRAMES = 8 * budget.CPU_FRAMES_PER_THREAD
#: How often Serve asks a replica whether it is well, and how long it may take to answer, in seconds.
HEALTH_PERIOD, HEALTH_TIMEOUT = 5.0, 30.0
#: How often the proxy learns which models a replica has, in seconds.
ROUTING_PERIOD = 2.0
#: How often a replica that goes down looks whether its last request has ended, in seconds.
DRAIN_PERIOD = 0.5


def options(configured: Settings, gpus: float, cpus: float) -> dict[str, Any]:
    """Options of the deployment. gpus, cpus: what the whole cluster has."""
    share = gpu_share(configured, gpus)
    fewest, most = span(configured, gpus)
    ongoing = max_ongoing(configured, share)
    # A replica reserves the cores that it takes. Never more than there are, or the last ones would wait for ever.
    actor = {"num_gpus": share, "num_cpus": min(configured.serving_threads or 1, cpus / most)}
    return {
        "ray_actor_options": actor,
        "max_ongoing_requests": ongoing,
        # What waits at the proxy while all replicas are full to their last request, which they hardly ever are.
        "max_queued_requests": ongoing,
        "health_check_period_s": HEALTH_PERIOD,
        "health_check_timeout_s": HEALTH_TIMEOUT,
        "graceful_shutdown_wait_loop_s": DRAIN_PERIOD,
        "graceful_shutdown_timeout_s": configured.drain_seconds,
        "request_router_config": {
            "request_router_class": "serving.cluster.router:ModelRouter",
            "request_routing_stats_period_s": ROUTING_PERIOD,
        },
        **_number(fewest, most, configured.target_ongoing),
    }


def gpu_share(configured: Settings, gpus: float) -> float:
    """The part of a GPU that a replica takes, 0 on a CPU. One model runs on one device, so never more than 1."""
    if configured.device == "cpu" or not gpus:
        return 0.0
    return configured.replica_gpus or 1.0


def span(configured: Settings, gpus: float) -> tuple[int, int]:
    """The fewest and the most replicas."""
    if configured.replicas is not None:
        return configured.replicas
    share = gpu_share(configured, gpus)
    count = max(1, int(gpus / share)) if share else 1
    return count, count


def max_ongoing(configured: Settings, share: float) -> int:
    """Requests that one replica may hold: what its budgets of frames can be filled with, running and waiting.

    How many frames a batch will have is known only when the model is warm, so the most that it can have counts.
    """
    batch = configured.max_batch_frames or (budget.MOST_FRAMES if share else CPU_BATCH_FRAMES)
    return max(1, (batch + configured.max_queued_frames) // SHORTEST_PASSAGE)


def _number(fewest: int, most: int, target_ongoing: int) -> dict[str, Any]:
    if fewest == most:
        return {"num_replicas": most}
    return {
        "autoscaling_config": {
            "min_replicas": fewest,
            "max_replicas": most,
            "initial_replicas": fewest,
            "target_ongoing_requests": target_ongoing,
        }
    }
