"""Putting the application on a Ray cluster and taking it off again, through the REST API of Ray's dashboard.

That is the way of `serve deploy`, so what is deployed here can be looked at and changed with Ray's own tools. A config
names all applications of a cluster and replaces the one before, so those of others are read first and named again.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from ray.dashboard.modules.serve.sdk import ServeSubmissionClient

from serving.cluster import arguments

APPLICATION = "voxreel"
DEPLOYMENT = "speech"
#: How often the state of a deployment is asked for, in seconds.
POLL_SECONDS = 0.25
#: Seconds without an answer after which a cluster counts as gone.
UNREACHABLE_SECONDS = 60.0
#: Serve's own log lines: JSON, and none for each request, since ours tell more.
LOGGING = {"encoding": "JSON", "enable_access_log": False}


logger = logging.getLogger(__name__)


class NotDeployed(Exception):
    """Ray could not run the application. The message says why."""


class Gone(Exception):
    """The application is on the cluster no more, or the cluster itself cannot be reached."""


def config(http: dict[str, Any]) -> dict[str, Any]:
    """The config of our application alone, with the settings of this process. http: where the proxy listens."""
    return {
        "proxy_location": "HeadOnly",
        "http_options": http,
        "logging_config": LOGGING,
        "applications": [
            {
                "name": APPLICATION,
                "route_prefix": "/",
                "import_path": "serving.app:build",
                "args": arguments.here(),
                "logging_config": LOGGING,
                "deployments": [{"name": DEPLOYMENT, "user_config": {}}],
            }
        ],
    }


class Cluster:
    """A Ray cluster, as its dashboard shows it."""

    def __init__(self, address: str) -> None:
        """address: URL of the dashboard. The token is the one Ray finds in the environment (RAY_AUTH_TOKEN, ..._PATH).

        Raises ConnectionError, RuntimeError.
        """
        self._dashboard = ServeSubmissionClient(address)
        self.address = address
        self._seen = time.monotonic()

    def deploy(self, wanted: dict[str, Any], stopped: threading.Event) -> str:
        """Deploy and wait until the application runs, or `stopped` is set. Returns where it listens. Raises NotDeployed."""
        details = self._dashboard.get_serve_details()
        if details.get("http_options"):  # Serve runs already: where it listens is not ours to change
            wanted = {**wanted, "http_options": details["http_options"], "proxy_location": details["proxy_location"]}
        self._dashboard.deploy_applications({**wanted, "applications": [*self._others(details), *wanted["applications"]]})
        while not stopped.wait(POLL_SECONDS):
            application = self._application()
            if application.get("status") == "RUNNING":
                break
            if application.get("status") in ("DEPLOY_FAILED", "UNHEALTHY"):
                raise NotDeployed(_why(application))
        return "http://{host}:{port}".format(**wanted["http_options"])

    def require_application(self) -> None:
        """Raise Gone where somebody took our application off, or the cluster has not answered for a while."""
        try:
            application = self._application()
        except Exception as error:  # its head may restart: of that the client tells in many ways
            if time.monotonic() - self._seen > UNREACHABLE_SECONDS:
                raise Gone(
                    f"The Ray cluster at {self.address} does not answer any more ({error}). Mend it and start serving again."
                ) from error
            return
        if not application:
            raise Gone(
                f"Somebody took the application {APPLICATION} off the Ray cluster at {self.address}."
                " Start serving again if it is to come back."
            )

    def remove(self, timeout: float) -> bool:
        """Take our application off and wait until its replicas have ended. Returns whether they did within the seconds."""
        details = self._dashboard.get_serve_details()
        kept = {name: details[name] for name in ("http_options", "proxy_location") if details.get(name)}
        self._dashboard.deploy_applications({**kept, "applications": self._others(details)})
        until = time.monotonic() + timeout
        while self._application():
            if time.monotonic() > until:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _application(self) -> dict[str, Any]:
        application = self._dashboard.get_serve_details()["applications"].get(APPLICATION, {})
        self._seen = time.monotonic()
        return application

    def _others(self, details: dict[str, Any]) -> list[dict[str, Any]]:
        """The configs of the other applications. One that was deployed from a program has none and stays anyway."""
        return [
            application["deployed_app_config"]
            for name, application in details["applications"].items()
            if name != APPLICATION and application.get("deployed_app_config")
        ]


def _why(application: dict[str, Any]) -> str:
    """The last line of what Ray says, which is the error itself; what goes before it is a traceback."""
    deployments = application.get("deployments", {}).values()
    messages = [application.get("message"), *(deployment.get("message") for deployment in deployments)]
    lines = [line for message in messages if message for line in message.splitlines() if line.strip()]
    logger.debug("Ray could not run the application", extra={"messages": messages})
    return lines[-1].strip() if lines else "Ray tells no reason; see serving's log."
