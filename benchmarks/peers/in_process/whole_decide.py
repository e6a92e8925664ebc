"""policy-service's whole use case, process-warm: from an identifier as presented to a counted decision with an id."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from peers.depots import policy_files
from peers.peer import Engine, Loaded
from peers.questions import VEHICLES, identifiers, questions, registrations
from policy_service.adapters.system_clock import SystemClock
from policy_service.application.imports.batches import ImportOptions
from policy_service.application.question import Question as Asked
from policy_service.bootstrap.use_cases import build
from policy_service.bootstrap.wiring import prepare
from policy_service.domain.access import Outcome
from policy_service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator

    from peers.depots import Yard
    from peers.questions import Question
    from policy_service.application.queries.decide import Ready
    from policy_service.application.service import Service


@contextmanager
def _load(yard: Yard) -> Generator[Loaded]:
    with tempfile.TemporaryDirectory() as place, asyncio.Runner() as runner:
        policies = Path(place, "policies")
        policies.mkdir()
        for path, text in policy_files(yard).items():
            (policies / path).write_text(text, encoding="utf-8")
        given = {"policies": policies, "state_dir": Path(place, "state"), "log_level": "error"}
        settings = Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
        prepare(settings)
        stack = AsyncExitStack()
        try:
            yield Loaded(_ask, _answering(runner.run(_opened(settings, stack, yard))), _allowed)
        finally:
            runner.run(stack.aclose())


async def _opened(settings: Settings, stack: AsyncExitStack, yard: Yard) -> Service:
    """Build the service without its work in the background, which would need a loop that runs on."""
    built = await build(settings, stack, SystemClock())
    await built.stores.watch.look()
    await built.service.reload.start(built.stores.remembered)
    await _filled(built.service, yard)
    await built.stores.watch.look()
    return built.service


async def _filled(service: Service, yard: Yard) -> None:
    """Import the vehicles, and ask for each once, so that this process knows it."""
    agreements, vehicles = registrations()
    await service.import_agreements(_one(agreements), ImportOptions("peers"))
    await service.import_identifiers(_one(vehicles), ImportOptions("peers"))
    managed = next(question for question in questions(yard, 10) if not question.allowed)
    for identifier in (each for vehicle_class in VEHICLES for each in identifiers(vehicle_class)):
        await service.decide(Asked(managed.charger, identifier, time=managed.at, record=False))


async def _one(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


def _answering(service: Service) -> Callable[[Asked], Ready | None]:
    at_hand, settle = service.decide.at_hand, service.decide.settle

    def answer(question: Asked) -> Ready | None:
        ready = at_hand(question)
        if ready is not None:
            settle(ready)  # which waits for nothing: `record: false` leaves no event
        return ready

    return answer


def _ask(question: Question) -> tuple[object, ...]:
    return (Asked(question.charger, question.identifier, time=question.at, record=False),)


def _allowed(ready: object) -> bool:
    answered = getattr(ready, "answered", None)
    return answered is not None and answered.decision.answer.outcome is Outcome.ALLOWED


PEER = Engine(
    "policy-service, whole decide",
    "policy-service",
    "100,000 chargers, 2,000 identifiers looked up; each decision gets an id and is counted; `record: false`",
    "",
    _load,
    is_peer=False,
)
