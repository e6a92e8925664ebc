"""What a Python CSMS imports: it asks the service, and has an answer also while the service cannot be reached."""

from policy_service.client.answers import Decided, InvalidPayload, OcppAnswer, Source, Told
from policy_service.client.client import PolicyClient

__all__ = ["Decided", "InvalidPayload", "OcppAnswer", "PolicyClient", "Source", "Told"]
