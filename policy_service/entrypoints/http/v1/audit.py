"""The audit: who changed what, and when."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from policy_service.application.ports import AuditFilter
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import AuditParams
from policy_service.entrypoints.http.wire_audit import AuditList

router = APIRouter(prefix="/v1/audit", tags=["operations"], route_class=GuardedRoute)


@router.get("", summary="List changes that were made", responses=replies(AuditList, 404, 422))
async def list_audit(service: ServiceOf, wanted: Annotated[AuditParams, Query()]) -> Response:
    """List audit entries, newest first."""
    asked = AuditFilter(
        caller=wanted.caller,
        action=wanted.action,
        since=None if wanted.since is None else wanted.since * 1000,
        until=None if wanted.until is None else wanted.until * 1000,
    )
    page = await service.audit.page(asked, limit=wanted.limit, cursor=wanted.cursor)
    return answer({"entries": list(page.items), "next_cursor": page.next_cursor})
