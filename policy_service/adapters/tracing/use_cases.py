"""Use cases and stores that tell what they do as spans; each is what it was, and traced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.trace import SpanKind, get_current_span

from policy_service.adapters.redis.shared_cache import RedisSharedCache
from policy_service.adapters.tracing.spans import spanned
from policy_service.application.commands.record_decision import DecisionRecorder
from policy_service.application.queries.decide import Decide
from policy_service.application.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.trace import Tracer

    from policy_service.application.ports import Keys, Shared
    from policy_service.application.question import Answered, Question
    from policy_service.domain.events import AccessEvent
    from policy_service.domain.registration import Finding

_LEVEL = "policy_service.lookup.level"
_REDIS = {"db.system.name": "redis"}


def traced_decide(tracer: Tracer) -> type[Decide]:
    """Return Decide with a span for each question, and one for each batch."""

    class TracedDecide(Decide):
        async def __call__(self, question: Question) -> Answered:
            with spanned(tracer, "decide", {"charger.id": question.charger}) as span:
                answered = await super().__call__(question)
                answer = answered.decision.answer
                span.set_attributes(
                    {
                        "decision.id": answered.decision_id,
                        "decision.outcome": answer.outcome,
                        "decision.reason": answer.reason,
                        "policy.name": answer.policy or "",
                        "policy.revision": answered.revision,
                    }
                )
                return answered

        async def many(self, questions: Sequence[Question]) -> Sequence[Answered]:
            with spanned(tracer, "decide batch", {"decisions": len(questions)}):
                return await super().many(questions)

    return TracedDecide


def traced_registry(tracer: Tracer) -> type[Registry]:
    """Return Registry with a span for each look-up beyond this process's cache, which names the level that answered."""

    class TracedRegistry(Registry):
        def find_cached(self, keys: Keys) -> Finding | None:
            found = super().find_cached(keys)
            if found is not None and keys:
                get_current_span().set_attribute(_LEVEL, "process")
            return found

        async def find(self, keys: Keys) -> Finding:
            with spanned(tracer, "look up"):
                return await super().find(keys)

        def _told(self, level: str, finding: Finding) -> Finding:
            get_current_span().set_attribute(_LEVEL, level)
            return super()._told(level, finding)

    return TracedRegistry


def traced_shared_cache(tracer: Tracer) -> type[RedisSharedCache]:
    """Return the cache in Redis with a span for each question to it."""

    class TracedSharedCache(RedisSharedCache):
        async def get(self, keys: Keys) -> Shared | None:
            with spanned(tracer, "GET", {**_REDIS, "db.operation.name": "GET"}, SpanKind.CLIENT):
                return await super().get(keys)

    return TracedSharedCache


def traced_recorder(tracer: Tracer) -> type[DecisionRecorder]:
    """Return the recorder with a span for each event, which ends when the event is as durable as it has to be."""

    class TracedRecorder(DecisionRecorder):
        async def record(self, event: AccessEvent) -> None:
            with spanned(tracer, "record event", {"event.name": event.type}):
                await super().record(event)

    return TracedRecorder
