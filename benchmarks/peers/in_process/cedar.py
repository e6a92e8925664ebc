"""Cedar: a policy set a depot, parsed ahead; who is refused stands in the policies' scope."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import cedarpy

from peers.peer import Engine, Loaded

if TYPE_CHECKING:
    from collections.abc import Generator

    from peers.depots import Depot, Yard
    from peers.questions import Question


def _policies(depot: Depot) -> str:
    forbidden = (
        f'forbid (principal == Class::"{refused}", action, resource) when {{ context.minute >= {window.start} && '
        f"context.minute < {window.end} && {list(window.days)}.contains(context.weekday) }};"
        for window in depot.windows
        for refused in window.refused
    )
    return "\n".join(["permit (principal, action, resource);", *forbidden])


def _ask(question: Question) -> tuple[object, ...]:
    request = {
        "principal": {"type": "Class", "id": question.vehicle_class},
        "action": {"type": "Action", "id": "charge"},
        "resource": {"type": "Charger", "id": question.charger},
        "context": {"weekday": question.weekday, "minute": question.minute},
    }
    return question.depot, request


def _allowed(result: object) -> bool:
    return bool(getattr(result, "allowed", False))


@contextmanager
def _load(yard: Yard) -> Generator[Loaded]:
    sets = {depot.name: cedarpy.PolicySet.from_str(_policies(depot)) for depot in yard.depots}
    no_entities = cedarpy.Entities.from_json_str("[]")

    def answer(depot: str, request: dict[str, Any]) -> object:
        return cedarpy.is_authorized(request, sets[depot], no_entities)

    yield Loaded(_ask, answer, _allowed)


PEER = Engine(
    "cedarpy",
    "cedarpy",
    "a policy set a depot, parsed ahead; a policy for each class that a window refuses; local time comes in",
    "local time, recurrence, reasons of its own, until when; a policy that errs is left out, a forbid too",
    _load,
)
