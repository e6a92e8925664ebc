"""Bundles: what lets a client decide at some chargers while it cannot reach the service."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from policy_service.application.plan_holder import standing
from policy_service.application.ports import StoreUnavailableError
from policy_service.domain.bundle import FORMAT, HOLDS_S, Bundle
from policy_service.domain.bundled_registry import bundled
from policy_service.domain.instant import DAY
from policy_service.domain.moment import REPLAYED_S
from policy_service.domain.selector import Selector
from policy_service.engine.bundle_plan import bundle_plan
from policy_service.engine.timeline import HORIZON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, RegistrySnapshot
    from policy_service.domain.api_key import Labels
    from policy_service.engine.plan import ChargerPlan, Plan

OLDEST_S = 900
"""A copy of the registry that was not confirmed for so long makes no bundle: the one that the client has is as good."""
_KEPT = 8
"""Bundles kept ready: clients of one depot ask for the same one."""
_KEY_BYTES = 32


class WrittenBundle(NamedTuple):
    """A bundle as it leaves. ``tag`` is the same for bundles of the same content, whoever made them."""

    tag: str
    body: bytes | None
    """None where the caller has it."""


class Bundles:
    """Makes bundles out of the plan and this node's copy of the registry, beside what is served."""

    def __init__(
        self, plans: PlanHolder, snapshot: RegistrySnapshot, clock: Clock, *, start_grace_s: int, charger_cache_s: int
    ) -> None:
        """Wire the collaborators; both spans are the service's own, in seconds."""
        self._plans = plans
        self._snapshot = snapshot
        self._clock = clock
        self._start_grace_s = start_grace_s
        self._charger_cache_s = charger_cache_s
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._making = asyncio.Lock()

    async def __call__(self, labels: Labels, within: Selector | None, known: Sequence[str]) -> WrittenBundle:
        """Return the bundle of the chargers with these labels, of those that the caller may ask about.

        ``known`` are the tags of what the caller has. Raises NoPlanError, and StoreUnavailableError where the copy
        of the registry is missing or too old.
        """
        plan, now = standing(self._plans), self._clock.now()
        version = self._snapshot.version
        if version is None or self._snapshot.confirmed_at < now - OLDEST_S:
            message = "this node has no copy of the registry that is new enough for a bundle"
            raise StoreUnavailableError(message)
        chargers = await asyncio.to_thread(_chosen, plan, labels, within)
        tag = self._tag(plan, version, chargers, now)
        if tag in known:
            return WrittenBundle(tag, None)
        async with self._making:  # one at a time: who waits for the same one finds it made
            body = self._kept.get(tag)
            if body is None:
                body = await asyncio.to_thread(self._made, plan, chargers, now)
                self._kept[tag] = body
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return WrittenBundle(tag, body)

    def _tag(self, plan: Plan, version: int, chargers: Sequence[ChargerPlan], now: int) -> str:
        """Name the content; it moves on with the day, as the times in it are drawn so far and no further."""
        digest = sha256()
        for part in (FORMAT, plan.revision, version, now // DAY, self._start_grace_s, self._charger_cache_s):
            digest.update(f"{part}\n".encode())
        for entry in chargers:
            digest.update(f"{entry.charger.id}\n".encode())
        return digest.hexdigest()[:32]

    def _made(self, plan: Plan, chargers: Sequence[ChargerPlan], now: int) -> bytes:
        today = now - now % DAY
        begins, ends = today - REPLAYED_S, today + DAY + HOLDS_S + HORIZON
        bundle = Bundle(
            format=FORMAT,
            made_at=now,
            start_grace_s=self._start_grace_s,
            charger_cache_s=self._charger_cache_s,
            plan=bundle_plan(plan, chargers, begins, ends),
            registry=bundled(self._snapshot.each_but_pins(), secrets.token_bytes(_KEY_BYTES)),
        )
        return msgspec.json.encode(bundle)


def _chosen(plan: Plan, labels: Labels, within: Selector | None) -> list[ChargerPlan]:
    wanted = Selector(labels=labels) if labels else None
    return [
        entry
        for entry in plan.chargers.values()
        if all(picks is None or picks.matches(entry.charger) for picks in (wanted, within))
    ]
