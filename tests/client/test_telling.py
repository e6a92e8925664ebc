"""Telling a scripted service: what it refuses for good goes, what it may yet take waits, and the rest is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from policy_service.client.calls import Calls, Reply, UnreachableError
from policy_service.client.degraded import DegradedDecision, new_id
from policy_service.client.outbox import Outbox
from policy_service.client.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.anyio

FOREIGN = json.dumps({"title": "no", "errors": [{"pointer": "/decisions/0/charger", "detail": "another charger"}]})


class Refusing(Calls):
    """A service that refuses batches in which a charger is named that it does not want to hear of."""

    def __init__(self, status: int, problem: str) -> None:
        """Refuse with this."""
        super().__init__("http://127.0.0.1:1", key=None, deadline_s=1, tls=None)
        self.refusal = Reply(status, {}, problem.encode())
        self.taken: list[str] = []
        self.asked = 0

    async def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        deadline_s: float | None = None,
    ) -> Reply:
        assert (method, path, headers, deadline_s) == ("POST", "/v1/events/degraded", None, 30)
        self.asked += 1
        chargers = [decision["charger"] for decision in json.loads(body or b"")["decisions"]]
        if any(charger.startswith("FOREIGN") for charger in chargers):
            return self.refusal
        self.taken += chargers
        return Reply(200, {}, b"{}")


def telling(calls: Refusing, chargers: list[str]) -> tuple[Telling, Outbox]:
    outbox = Outbox(None, None)
    for number, charger in enumerate(chargers):
        outbox.add(
            DegradedDecision(
                decision_id=new_id(number),
                degraded="on_unreachable",
                time="2026-11-24T11:15:00Z",
                charger=charger,
                outcome="access_denied",
                reason="lookup_failed",
            )
        )
    return Telling(calls, outbox), outbox


@pytest.mark.parametrize(("status", "problem"), [(403, FOREIGN), (422, "{}"), (400, "")])
async def test_a_decision_that_is_refused_holds_up_no_other(status: int, problem: str) -> None:
    calls = Refusing(status, problem)
    own = [f"SHUT-{number}" for number in range(1000)]
    told, outbox = telling(calls, ["FOREIGN-1", *own[:700], "FOREIGN-2", *own[700:]])
    await told.send()
    assert calls.taken == own
    assert len(outbox) == 0
    assert calls.asked < 60


async def test_a_key_that_may_not_tell_loses_nothing() -> None:
    calls = Refusing(403, '{"title": "no", "detail": "this needs the scope `degraded`"}')
    told, outbox = telling(calls, ["FOREIGN-1", "SHUT"])
    with pytest.raises(UnreachableError):
        await told.send()
    assert len(outbox) == 2
