"""What the client reads of a message without the service: no more than the service would, or it could not be told."""

from __future__ import annotations

from typing import Any

import pytest
from depot import CARD, authorize, start

from policy_service.client import InvalidPayload
from policy_service.client.messages import asked_by

_, STARTED = start("2.1", CARD)


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        *(("Authorize", authorize("2.1", CARD, type_)) for type_ in ("a type", "ISO14443\n", "A" * 21, "\u00e4")),
        ("Authorize", authorize("2.1", "0" * 256)),
        ("Authorize", authorize("2.1", "04\u0000A2")),
        ("TransactionEvent", STARTED | {"triggerReason": "A" * 41}),
        ("TransactionEvent", STARTED | {"transactionInfo": {"transactionId": "4" * 37}}),
        ("TransactionEvent", STARTED | {"timestamp": "9999-12-31T23:59:59-23:59"}),
        ("TransactionEvent", STARTED | {"evse": {"id": 2**31}}),
    ],
)
def test_what_the_service_would_not_read_is_not_read(action: str, payload: dict[str, Any]) -> None:
    with pytest.raises(InvalidPayload) as refused:
        asked_by("2.1", "SHUT", action, payload, None)
    assert CARD not in str(refused.value)
