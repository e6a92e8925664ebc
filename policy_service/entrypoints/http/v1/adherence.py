"""Adherence: how punctually chargers came into the modes that their policies want."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.queries.adherence import AdherenceReport
from policy_service.domain.adherence import Fate, Miss, lateness_ms
from policy_service.domain.instant import DAY, EARLIEST, format_instant, format_instant_ms
from policy_service.entrypoints.http.access import ServiceOf, answer, from_cursor, to_cursor
from policy_service.entrypoints.http.callers import caller_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import AdherenceParams, label_of
from policy_service.entrypoints.http.spans import up_to_its_end
from policy_service.entrypoints.http.wire_modes import AdherenceReply

router = APIRouter(prefix="/v1/adherence", tags=["chargers"], route_class=GuardedRoute)

MAX_RANGE = 31 * DAY


@router.get("", summary="How punctual changes of mode were", responses=replies(AdherenceReply, 404, 422))
async def get_adherence(request: Request, service: ServiceOf, asked: Annotated[AdherenceParams, Query()]) -> Response:
    """Tell which share of switches was seen on time, and list the misses; of more than 31 days, the last 31.

    Shares and seconds are about the whole range, on every page.
    """
    since, until = up_to_its_end(asked, service.clock.now(), DAY)
    since = max(EARLIEST, since, until - MAX_RANGE)
    cursor = None
    if asked.cursor is not None:
        seconds, milliseconds, transition = from_cursor(asked.cursor, int, int, str)
        cursor = int(seconds) * 1000 + int(milliseconds), str(transition)
    found = await service.modes.adherence(
        since,
        until,
        label=label_of(asked.label),
        within=caller_of(request).chargers,
        limit=asked.limit,
        cursor=cursor,
    )
    return answer({"from": format_instant(since), "to": format_instant(until), **_view(found)})


def _view(report: AdherenceReport) -> dict[str, Any]:
    adherence, following = report.adherence, report.following
    p50, p95, most = adherence.late_s((0.5, 0.95, 1.0))
    cursor = None if following is None else to_cursor(*divmod(following[0], 1000), following[1])
    return {
        "within_s": report.within_s,
        "switches": adherence.switches,
        "on_time": adherence.counts[Fate.ON_TIME],
        "share_on_time": adherence.share_on_time,
        "late_s": {"p50": p50, "p95": p95, "max": most},
        "superseded": adherence.counts[Fate.SUPERSEDED],
        "unsupported": adherence.counts[Fate.UNSUPPORTED],
        "pending": adherence.counts[Fate.PENDING],
        "misses": [_miss(miss) for miss in report.misses],
        "next_cursor": cursor,
    }


def _miss(miss: Miss) -> dict[str, Any]:
    switch, late_ms = miss.switch, lateness_ms(miss.switch)
    return {
        "charger": switch.charger,
        "at": format_instant_ms(switch.at),
        "mode": switch.mode,
        "transition_id": switch.transition_id,
        "reason": miss.fate,
        "seconds_late": None if late_ms is None else late_ms / 1000,
        "switched_at": None if switch.switched_at is None else format_instant_ms(switch.switched_at),
    }
