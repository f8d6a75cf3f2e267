"""An application of somebody else, for the test that ours leaves it alone."""

from __future__ import annotations

from ray import serve


@serve.deployment(ray_actor_options={"num_cpus": 0})
class Neighbour:
    def __call__(self) -> str:
        return "still here"


application = Neighbour.bind()  # type: ignore[attr-defined]
