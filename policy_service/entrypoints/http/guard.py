"""The guard before every route: who may not pass is told so, by the table of permissions."""

from typing import TYPE_CHECKING

from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection
from starlette.routing import Route

from policy_service.domain.caller import Caller, Scope
from policy_service.entrypoints.http.callers import access_of
from policy_service.entrypoints.http.permissions import DEFAULT_SOURCE, PERMISSIONS, Permission
from policy_service.entrypoints.http.problems import Problem, ProblemError

if TYPE_CHECKING:
    from starlette.types import Receive, Send
    from starlette.types import Scope as Connection


class Guarded(Route):
    """A route that asks the table before anything else."""

    async def handle(self, scope: "Connection", receive: "Receive", send: "Send") -> None:
        """Refuse a caller whom the route's row does not admit. Raises ProblemError."""
        if scope["method"] in (self.methods or ()):
            scope["route"] = self
            authorise(scope)
        await super().handle(scope, receive, send)


class GuardedRoute(Guarded, APIRoute):
    """One of the service; every router is made with it.

    A dependency of the application would do the same at ten times the cost, which every decision would pay.
    """


def authorise(scope: "Connection") -> None:
    """Do nothing for a caller whom the row of the route admits. Raises ProblemError."""
    found = permission_of(scope)
    if found is None:
        raise ProblemError(Problem.FORBIDDEN, "nobody may do this: the route has no row in the table of permissions")
    if found.scopes:
        _demand(access_of(scope), found, scope)


def permission_of(scope: "Connection") -> Permission | None:
    """Return the row of the route that the request met, None where it met none, or one without a row."""
    return PERMISSIONS.get((scope["method"], template_of(scope)))


def template_of(scope: "Connection") -> str:
    """Return the template of the route that the request met; it holds no value of any request."""
    return str(getattr(scope.get("route"), "path_format", ""))


def _demand(caller: Caller, needed: Permission, scope: "Connection") -> None:
    if not caller.may(needed.scopes):
        named = " or ".join(f"`{each}`" for each in Scope if each in needed.scopes)
        raise ProblemError(Problem.FORBIDDEN, f"this needs the scope {named}")
    if caller.chargers is not None and not needed.by_charger:
        raise ProblemError(Problem.FORBIDDEN, "the key is bound to chargers, and this is not about chargers")
    if caller.fleet is not None and not needed.by_fleet:
        raise ProblemError(Problem.FORBIDDEN, "the key is bound to reports about one fleet")
    if caller.source is not None and not _own_source(caller.source, needed, scope):
        raise ProblemError(Problem.FORBIDDEN, "the key is bound to imports of one source")


def _own_source(source: str, needed: Permission, scope: "Connection") -> bool:
    if not needed.by_source:
        return False
    # Whichever of several a handler would take: each must be the caller's.
    return not needed.changes or set(HTTPConnection(scope).query_params.getlist("source") or [DEFAULT_SOURCE]) == {
        source
    }
