"""What the service tells of itself: logs, and metrics that are right under several workers."""

from policy_service.adapters.telemetry.logs import configure_logs
from policy_service.adapters.telemetry.metrics import forget_gauges_of
from policy_service.adapters.telemetry.telemetry import Telemetry

__all__ = ["Telemetry", "configure_logs", "forget_gauges_of"]
