"""Lists at work: policies, registry and store in memory, a clock that stands still, and chargers that take lists in."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import ocpp
import orjson
from fakes.clock import FakeClock
from fakes.fingerprints import FakeFingerprints
from fakes.levels import MemorySnapshot, watch_over
from fakes.local_lists import ListeningCharger, MemoryLocalLists
from fakes.modes import MemoryModeEvents
from fakes.registry_stores import MemoryIdentifiers
from fakes.samples import agreement, identifier
from fakes.stores import MemoryState, MemoryVersions

from policy_service.adapters.sealing import AesGcmSeal
from policy_service.application.commands.issue_local_list import IssueLocalList
from policy_service.application.local_lists.lists import Lists
from policy_service.application.local_lists.watching import ListWatch
from policy_service.application.plan_holder import PlanHolder, PlanState
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.language.load import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from policy_service.application.commands.issue_local_list import IssuedList

LIFETIME = 86_400
SCHEMAS = Path(str(resources.files(ocpp)))
FOLDERS = {
    "ocpp1.6": ("v16", "SendLocalList"),
    "ocpp2.0.1": ("v201", "SendLocalListRequest"),
    "ocpp2.1": ("v21", "SendLocalListRequest"),
}
PROFILE = """
apiVersion: policy-service/v1
kind: ChargerProfile
metadata: {{name: model}}
spec:
  denial: {{led: true}}
  localList: {local_list}
---
"""
TREE = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {{name: yard}}
spec:
  timezone: UTC
  chargers: {{ids: ["*"]}}
  defaultMode: {mode}
  allow: {allow}
{more}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {{name: yard}}
spec:
  chargers:
    - {{id: C-1, protocol: {protocol}, profile: model}}
    - {{id: C-2, protocol: {protocol}, profile: model}}
"""


class NoHolidays:
    version = "none"

    def __call__(self, region: str, year: int) -> Mapping[date, str]:  # noqa: ARG002 - the port's shape
        return {}


class HeldTurn:
    """A turn that this process always has."""

    async def held(self) -> bool:
        return True


class OfflineYard:
    """Two chargers of one model, and whoever issues their lists."""

    def __init__(self, protocol: str = "ocpp1.6", local_list: str = "{maxChunk: 3}") -> None:
        """Begin with policies that let in the depot's own and all agreements."""
        self.protocol, self._local_list = protocol, local_list
        self.state, self.clock, self.plans = MemoryState(), FakeClock(), PlanHolder()
        self.store = MemoryLocalLists(self.state)
        self.watch = watch_over(MemoryVersions(self.state), self.clock)
        self.snapshot = MemorySnapshot()
        self.seal = AesGcmSeal(b"a secret of the tests")
        self.events = MemoryModeEvents(self.state)
        self.write()
        self.issue, self.lists = self.node()
        self.looking = ListWatch(
            self.lists, self.store, self.events, HeldTurn(), self.plans, self.watch, self.clock, lifetime_s=LIFETIME
        )

    def node(self) -> tuple[IssueLocalList, Lists]:
        """Return another node's ends over the same stores."""
        lists = Lists(
            self.plans,
            self.watch,
            self.snapshot,
            MemoryIdentifiers(self.state),
            FakeFingerprints(),
            self.clock,
            lifetime_s=LIFETIME,
        )
        return IssueLocalList(lists, self.store, self.seal, self.clock, lifetime_s=LIFETIME), lists

    def write(self, allow: str = "[{class: own}, {class: agreement}]", mode: str = "managed", more: str = "") -> None:
        """Put other policies in force."""
        text = PROFILE.format(local_list=self._local_list) + TREE.format(
            mode=mode, allow=allow, more=more, protocol=self.protocol
        )
        checked = load({"yard.yaml": text.encode()})
        assert checked.tree is not None, checked.diagnostics
        plan = compile_plan(checked.tree, CompileContext(self.clock.now(), NoHolidays(), text)).plan
        assert plan is not None
        self.plans.swap(PlanState(plan=plan, tree=checked.tree))

    def know(self, *keys: str, **told: Any) -> None:  # noqa: ANN401 - the fields of a record
        """Put vehicles on record."""
        self.state.change()
        for key in keys:
            record = identifier(key, **told)
            self.state.identifiers[record.id] = record

    def agree(self, name: str, **told: Any) -> None:  # noqa: ANN401 - the fields of an agreement
        """Put an agreement on record."""
        self.state.change()
        self.state.agreements[name] = agreement(name, **told)

    def forget(self, *keys: str) -> None:
        """Take vehicles off the record."""
        self.state.change()
        for record in [each for each in self.state.identifiers.values() if each.key in keys]:
            del self.state.identifiers[record.id]

    def charger(self) -> ListeningCharger:
        return ListeningCharger("listVersion" if self.protocol == "ocpp1.6" else "versionNumber")

    def deliver(self, charger: ListeningCharger, issued: IssuedList) -> None:
        """Send all that was issued; each message fits its schema."""
        for payload in issued.messages:
            validator(self.protocol).validate(payload)
            assert charger.take(payload) == "Accepted"

    def tokens(self, charger: ListeningCharger) -> list[str]:
        return sorted(name[0].upper() for name in charger.entries)


def entries(issued: IssuedList) -> list[Mapping[str, Any]]:
    return [each for payload in issued.messages for each in payload.get("localAuthorizationList", ())]


def card(number: int) -> str:
    return f"04{number:012X}"


def cards(numbers: Iterable[int]) -> list[str]:
    return [card(number) for number in numbers]


@lru_cache(maxsize=3)
def validator(protocol: str) -> Any:  # noqa: ANN401 - a validator of any draft
    version, name = FOLDERS[protocol]
    return jsonschema_rs.validator_for(orjson.loads((SCHEMAS / version / "schemas" / f"{name}.json").read_bytes()))
