"""Telling the service afterwards: all that waits, in order, and nothing lost to one decision that it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from policy_service.client.calls import Calls, Reply, UnreachableError
from policy_service.client.degraded import DegradedDecision, new_id
from policy_service.client.outbox import Outbox
from policy_service.client.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.anyio

INVALID = Reply(422, {}, b'{"title": "The request has the wrong shape"}')
FOREIGN = Reply(
    403, {}, b'{"title": "no", "errors": [{"pointer": "/decisions/0/charger", "detail": "another charger"}]}'
)
UNSCOPED = Reply(403, {}, b'{"title": "no", "detail": "this needs the scope `degraded`"}')


class Taking(Calls):
    """A service that takes decisions as the real one does: a batch with one that it cannot read is refused whole."""

    def __init__(self, *faulty: str, refusal: Reply = INVALID) -> None:
        """Refuse what names one of these chargers; be there until told otherwise."""
        super().__init__("http://127.0.0.1:1", key=None, deadline_s=1, tls=None)
        self.faulty = faulty
        self.refusal = refusal
        self.status = 200
        self.asked = 0
        self.taken: list[str] = []

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
        if self.status != 200:
            return Reply(self.status, {}, b"{}")
        told: list[dict[str, Any]] = msgspec.json.decode(body or b"")["decisions"]
        if any(each["charger"] in self.faulty for each in told):
            return self.refusal
        self.taken += [each["charger"] for each in told]
        return Reply(200, {}, b"{}")


def waiting(*chargers: str) -> Outbox:
    outbox = Outbox(None, None)
    for number, charger in enumerate(chargers):
        decision = DegradedDecision(
            decision_id=new_id(number),
            degraded="cache",
            time="2026-11-24T11:15:00Z",
            charger=charger,
            outcome="access_denied",
            reason="unknown_identifier",
        )
        outbox.add(decision)
    return outbox


async def test_all_of_it_is_told_in_order() -> None:
    names = [f"C-{number}" for number in range(1200)]
    calls, outbox = Taking(), waiting(*names)
    await Telling(calls, outbox).send()
    assert calls.taken == names
    assert len(outbox) == 0


@pytest.mark.parametrize("refusal", [INVALID, FOREIGN, Reply(400, {}, b"")])
async def test_one_that_is_refused_takes_no_other_with_it(refusal: Reply) -> None:
    names = [f"C-{number}" for number in range(1000)]
    calls, outbox = Taking("C-0", "C-717", "C-999", refusal=refusal), waiting(*names)
    await Telling(calls, outbox).send()
    assert calls.taken == [name for name in names if name not in calls.faulty]
    assert len(outbox) == 0
    assert calls.asked < 90


async def test_a_key_that_may_not_tell_loses_nothing() -> None:
    outbox = waiting("A", "B")
    with pytest.raises(UnreachableError):
        await Telling(Taking("A", refusal=UNSCOPED), outbox).send()
    assert len(outbox) == 2


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
async def test_what_the_service_cannot_take_now_waits(status: int) -> None:
    calls, outbox = Taking(), waiting("A", "B")
    calls.status = status
    with pytest.raises(UnreachableError, match=str(status)):
        await Telling(calls, outbox).send()
    assert len(outbox) == 2
    calls.status = 200
    await Telling(calls, outbox).send()
    assert calls.taken == ["A", "B"]
