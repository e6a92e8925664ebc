"""Audit at the entrance: every call that changed something leaves an entry, whichever route it took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from policy_service.entrypoints.http.guard import permission_of, template_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Scope

    from policy_service.application.audit_trail import AuditTrail

_DETAIL = "audit"
_BEGUN = "audit_begun"
_FAILED, _FORBIDDEN = 400, 403
_log = structlog.get_logger("policy_service.audit")


def tell(request: Request, **detail: object) -> None:
    """Add to the entry that this request may leave; never an identifier."""
    request.scope["state"].setdefault(_DETAIL, {}).update(detail)


def begun(request: Request) -> None:
    """Say that the request changes things from now on, however it ends."""
    request.scope["state"][_BEGUN] = True


async def take_note(trail: AuditTrail, scope: Scope, status: int) -> None:
    """Write the entry of a request that is about to be answered with this status, if it leaves one."""
    found = permission_of(scope)
    if found is None or not found.changes:
        return
    state: dict[str, Any] = scope["state"]
    action = f"{scope['method']} {template_of(scope)}"
    caller, request_id = state.get("caller"), state.get("request_id")
    if status == _FORBIDDEN:
        _log.warning("change refused", **{"audit.caller": caller, "audit.action": action, "request.id": request_id})
    failed = status >= _FAILED
    if failed and not state.get(_BEGUN):
        return
    detail = {**state.get(_DETAIL, {}), **({"status": status} if failed else {})}
    subject = "/".join(str(part) for part in scope.get("path_params", {}).values()) or None
    await trail.note(action, caller=caller, subject=subject, detail=detail, request_id=request_id)
