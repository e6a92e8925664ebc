"""Synthetic depots of any size, as the policy files that operators would commit."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from policy_service.adapters.holiday_days import LibraryHolidays
from policy_service.domain.access import VehicleClass
from policy_service.domain.identifier import IdentifierRecord, IdentifierType
from policy_service.domain.instant import parse_instant
from policy_service.domain.registration import Registration
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.language.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.engine.plan import Plan

NOW = parse_instant("2026-11-23T00:00:00Z")
_PER_FILE = 20_000

_ZONES = ("Australia/Melbourne", "Pacific/Auckland", "Europe/London", "America/New_York")

OWN = Registration(IdentifierRecord("1", "04A2", IdentifierType.RFID, VehicleClass.OWN, "bus-1"))


def files(policies: int, chargers: int, windows: int) -> dict[str, bytes]:
    """Return a tree of so many policies, of so many windows each, over so many chargers in all."""
    tree = {f"policies/p{number}.yaml": policy(number, windows) for number in range(policies)}
    records = [{"id": f"P{n % policies}-{n // policies:06}", "labels": {"depot": f"d{n % policies}"}}
               for n in range(chargers)]  # fmt: skip
    for start in range(0, chargers, _PER_FILE):
        document = {
            "apiVersion": "policy-service/v1",
            "kind": "ChargerInventory",
            "metadata": {"name": f"chargers-{start}"},
            "spec": {"chargers": records[start : start + _PER_FILE]},
        }
        tree[f"chargers-{start}.json"] = json.dumps(document).encode()
    return tree


def policy(number: int, windows: int, priority: int = 100) -> bytes:
    """Return one policy; no two of different number share a timeline."""
    lines = [
        "apiVersion: policy-service/v1",
        "kind: AccessPolicy",
        f"metadata: {{name: p{number}}}",
        "spec:",
        f"  timezone: {_ZONES[number % len(_ZONES)]}",
        f'  chargers: {{ids: ["P{number}-*"]}}',
        f"  priority: {priority}",
        "  defaultMode: freevend",
        "  windows:",
    ]
    for window in range(windows):
        start = (17 * 3600 + number + window * 37) % 86_400
        clock = f"{start // 3600:02}:{start // 60 % 60:02}:{start % 60:02}"
        lines.append(
            f"    - {{name: w{window}, mode: managed, rrule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', from: 2026-01-05, "
            f"start: '{clock}', end: 06:00}}"
        )
    return "\n".join(lines).encode()


@cache
def plan(policies: int, chargers: int, windows: int) -> Plan:
    """Return the compiled plan of such a tree."""
    return compiled(files(policies, chargers, windows))


def compiled(tree: Mapping[str, bytes]) -> Plan:
    """Load and compile a tree that has no mistakes."""
    checked = load(tree)
    assert checked.tree is not None, checked.diagnostics[:3]
    result = compile_plan(checked.tree, CompileContext(NOW, LibraryHolidays()))
    assert result.plan is not None, result.diagnostics[:3]
    return result.plan
