"""AuthZEN's discovery (section 9): where a PEP finds each API."""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from policy_service.entrypoints.http.access import answer, service_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.wire_authzen import AuthzenConfiguration

router = APIRouter(tags=["authzen"], route_class=GuardedRoute)

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_ENDPOINTS = {
    "access_evaluation_endpoint": "/access/v1/evaluation",
    "access_evaluations_endpoint": "/access/v1/evaluations",
    "search_subject_endpoint": "/access/v1/search/subject",
    "search_resource_endpoint": "/access/v1/search/resource",
    "search_action_endpoint": "/access/v1/search/action",
}


@router.get(
    "/.well-known/authzen-configuration", summary="AuthZEN configuration", responses=replies(AuthzenConfiguration)
)
async def authzen_configuration(request: Request) -> Response:
    """Tell where each API is, under the address of the setting `PUBLIC_URL`, else as the request named the host."""
    base = service_of(request).public_url or _base(request)
    return answer({"policy_decision_point": base, **{name: base + path for name, path in _ENDPOINTS.items()}})


def _base(request: Request) -> str:
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        address, port = request.scope["server"]
        host = f"{address}:{port}"
    return f"{request.scope['scheme']}://{host}"
