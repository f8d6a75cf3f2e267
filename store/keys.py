"""Every key that Voxreel keeps in the Redis database of its own (REDIS_URL), with type, meaning and lifetime.

    progress:{job id}         string, JSON   the progress document that the API shows; a day after the last change
    progress:{job id}:steps   string, JSON   what the document is reckoned from: weight, fraction, fence of every step; same
    ended:{job id}            string         "1": no more work for this job: a day when it was cancelled,
                                             two seconds when the database said that it failed or is gone
                                             "0": the database said that the job is alive; two seconds

The library `limits` counts requests for api/limits.py, in this window of a rate limit and (with /-1 at the end) the one before:

    LIMITS:{LIMITER/voxreel/key:1/submit/60/1/minute}       string, number: API key 1 may submit 60 in 1 minute
    LIMITS:{LIMITER/voxreel/key:1/submit/60/1/minute}/-1    same; each lasts two windows

The braces are part of the key. Instead of "submit" stands "global" where all requests count, instead of "key:1" "address:" and
the IP address of a caller without a valid key.

All may be flushed at any time: what is known of jobs is written again from the database, counting begins anew. The queues
lie in another Redis database (BROKER_REDIS_URL), in the keys of dramatiq under the namespace of jobs/queues.py.
"""

from __future__ import annotations

#: Seconds that progress is kept after its last change.
PROGRESS_SECONDS = 86_400

#: Seconds that the mark of a cancelled job is kept.
ENDED_SECONDS = 86_400

#: Seconds for which the database's answer, whether a job goes on, is believed without asking it again.
ANSWER_SECONDS = 2


def progress(job_id: str) -> str:
    """The progress document of a job."""
    return f"progress:{job_id}"


def progress_steps(job_id: str) -> str:
    """What the progress document of a job is reckoned from."""
    return f"progress:{job_id}:steps"


def ended(job_id: str) -> str:
    """Whether work for a job must stop."""
    return f"ended:{job_id}"
