"""Operations: liveness, readiness and metrics."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response

from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.wire_health import LiveReply, ReadyReply

if TYPE_CHECKING:
    from policy_service.application.queries.health import Health
    from policy_service.application.service import Metrics

router = APIRouter(tags=["operations"], route_class=GuardedRoute)


@router.head("/health/live", include_in_schema=False)
@router.get("/health/live", summary="The process runs", responses=replies(LiveReply))
async def live() -> Response:
    """Answer as long as the process does."""
    return answer({"status": "live"})


@router.head("/health/ready", include_in_schema=False)
@router.get("/health/ready", summary="The service decides", responses=replies(ReadyReply))
async def ready(service: ServiceOf) -> Response:
    """Answer 200 while a plan stands, degraded or not, else 503."""
    return readiness(service.health)


@router.head("/metrics", include_in_schema=False)
@router.get(
    "/metrics",
    summary="Prometheus metrics",
    responses={200: {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    response_class=Response,
)
async def metrics(service: ServiceOf) -> Response:
    """Return the metrics of all workers."""
    return exposition(service.metrics)


def readiness(health: "Health") -> Response:
    """Answer how well a process does what it is there for. Raises ProblemError where it cannot."""
    state = health.readiness()
    if state.status == "unavailable":
        told = {"problems": list(state.problems), "problem_codes": list(state.problem_codes)}
        extra = {"stores": dict(state.stores), **told}
        raise ProblemError(Problem.UNAVAILABLE, "no plan stands", extra=extra)
    return answer(asdict(state))


def exposition(metrics: "Metrics") -> Response:
    """Answer what is measured."""
    body, media_type = metrics.exposition()
    return Response(body, headers={"Content-Type": media_type})
