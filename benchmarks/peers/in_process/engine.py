"""policy-service's engine alone: asked what the peers are asked, with the vehicle's record in hand."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from peers.depots import AGREEMENT, OWN, UNKNOWN, policy_files
from peers.peer import Engine, Loaded
from peers.questions import NOW
from policy_service.adapters.holiday_days import LibraryHolidays
from policy_service.domain.access import Outcome, VehicleClass
from policy_service.domain.agreement import Agreement
from policy_service.domain.decision import Decision
from policy_service.domain.identifier import IdentifierRecord, IdentifierType
from policy_service.domain.registration import Absence, Registration
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.engine.decide import decide
from policy_service.language.load import load as load_tree

if TYPE_CHECKING:
    from collections.abc import Generator

    from peers.depots import Yard
    from peers.questions import Question
    from policy_service.domain.registration import Finding
    from policy_service.engine.plan import Plan

_METRO = Agreement("metro", "metro")
_FINDINGS: dict[str, Finding] = {
    OWN: Registration(IdentifierRecord("1", "04A2", IdentifierType.RFID, VehicleClass.OWN, "bus-1")),
    AGREEMENT: Registration(
        IdentifierRecord("2", "04B2", IdentifierType.RFID, VehicleClass.AGREEMENT, "bus-2", agreement="metro"), _METRO
    ),
    UNKNOWN: Absence.UNKNOWN_IDENTIFIER,
}


def plan_of(yard: Yard) -> Plan:
    """Return the compiled policies."""
    checked = load_tree({path: text.encode() for path, text in policy_files(yard).items()})
    if checked.tree is None:
        raise AssertionError(checked.diagnostics[:3])
    result = compile_plan(checked.tree, CompileContext(int(NOW.timestamp()), LibraryHolidays()))
    if result.plan is None:
        raise AssertionError(result.diagnostics[:3])
    return result.plan


def _ask(question: Question) -> tuple[object, ...]:
    return question.charger, question.at, _FINDINGS[question.vehicle_class]


def _allowed(decision: object) -> bool:
    return isinstance(decision, Decision) and decision.answer.outcome is Outcome.ALLOWED


@contextmanager
def _load(yard: Yard) -> Generator[Loaded]:
    yield Loaded(_ask, partial(decide, plan_of(yard)), _allowed)


PEER = Engine(
    "policy-service, engine",
    "policy-service",
    "plan compiled ahead, the vehicle's record in hand, as the peers have its class; answers reason and until when",
    "",
    _load,
    is_peer=False,
)
