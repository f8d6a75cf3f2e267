"""The life of a job: states, steps, attempts, fences, progress, idempotency, cancellation."""
