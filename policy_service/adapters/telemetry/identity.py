"""Which process speaks, by OpenTelemetry's names for a resource: logs and traces say the same."""

from __future__ import annotations

import os
from functools import cache
from uuid import uuid4

import policy_service


@cache
def resource() -> dict[str, str | int]:
    """Return name and version of the service, and which of its processes this is; the same as long as it runs."""
    return {
        "service.name": os.environ.get("OTEL_SERVICE_NAME") or "policy-service",
        "service.version": policy_service.__version__,
        "service.instance.id": str(uuid4()),
        "process.pid": os.getpid(),
    }
