"""Local authorization lists: whom a charger lets in while it is offline and managed."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.queries.chargers import UnknownChargerError
from policy_service.domain.instant import format_instant
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.auditing import tell
from policy_service.entrypoints.http.callers import demand_charger
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import ChargerId, LocalListParams
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.wire_local_lists import LocalAuthListReply

if TYPE_CHECKING:
    from policy_service.application.commands.issue_local_list import IssuedList

router = APIRouter(prefix="/v1/chargers", tags=["chargers"], route_class=GuardedRoute)


@router.get(
    "/{charger_id:name}/local-auth-list",
    summary="The charger's list for when it is offline",
    responses=replies(LocalAuthListReply, 404, 422),
)
async def get_local_list(
    request: Request, service: ServiceOf, charger_id: ChargerId, asked: Annotated[LocalListParams, Query()]
) -> Response:
    """Answer `SendLocalList` requests: the whole list, or what differs from the version that the charger has.

    It hands out identifiers, never PINs, and each call is audited. Without a registry the answer is 503, never an
    empty list.
    """
    demand_charger(request, charger_id)
    try:
        issued = await service.modes.issue_list(charger_id, asked.since)
    except UnknownChargerError:
        raise ProblemError(Problem.NOT_FOUND, "the inventory has no such charger") from None
    tell(request, version=issued.version.version, entries=issued.version.entries, since=asked.since)
    return answer(_view(issued), headers={"Cache-Control": "no-store"})


def _view(issued: "IssuedList") -> dict[str, Any]:
    version = issued.version
    return {
        "charger": version.charger,
        "version": version.version,
        "based_on": issued.based_on,
        "update_type": "Full" if issued.based_on is None else "Differential",
        "made_at": format_instant(version.made_at),
        "valid_until": format_instant(version.until),
        "entries": version.entries,
        "complete": issued.complete,
        "left_out": [{"reason": reason, "count": count} for reason, count in sorted(issued.left_out.items())],
        "commands": [{"action": "SendLocalList", "payload": payload} for payload in issued.messages],
        "notes": issued.notes,
    }
