"""A charger's own freevend token is known from its record and from its model's profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.language.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

TREE = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: Europe/London
  chargers: {ids: ["*"]}
  defaultMode: managed
---
apiVersion: policy-service/v1
kind: ChargerProfile
metadata: {name: model}
spec:
  freevend: {key: FreeVend, "on": "true", "off": "false", syntheticId: "a0:00:00:00"}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: OWN, syntheticIds: [own-token]}
    - {id: MODEL, profile: model}
    - {id: PLAIN}
"""


class NoHolidays:
    version = "none"

    def __call__(self, region: str, year: int) -> Mapping[date, str]:  # noqa: ARG002 - the port's shape
        return {}


@pytest.mark.parametrize(
    ("charger", "form", "own"),
    [
        ("OWN", "OWN-TOKEN", True),
        ("OWN", "A0000000", False),
        ("MODEL", "A0000000", True),
        ("MODEL", "OWN-TOKEN", False),
        ("PLAIN", "A0000000", False),
    ],
)
def test_a_charger_knows_its_own_token(charger: str, form: str, *, own: bool) -> None:
    checked = load({"yard.yaml": TREE.encode()})
    assert checked.tree is not None, checked.diagnostics
    plan = compile_plan(checked.tree, CompileContext(0, NoHolidays())).plan
    assert plan is not None
    assert plan.chargers[charger].sends_by_itself(form) is own
