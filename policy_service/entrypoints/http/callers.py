"""Who asks, at the entrance: the key in the request's head, and what handlers need to know of its bearer."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, cast

from policy_service.domain.caller import ANYBODY, Caller
from policy_service.entrypoints.http.problems import Problem, ProblemError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Scope

    from policy_service.application.service import Service
    from policy_service.entrypoints.http.problems import Fault

OPEN_PREFIX = "/health/"
"""What load balancers and container platforms ask for without a key."""

OCPI_PREFIX = "/ocpi/"
"""Where keys may come as OCPI's credentials do, too."""


def presented(scope: Scope) -> str | None:
    """Return the key or token of the request's head, None where there is none in good form, or more than one.

    ``Bearer KEY``, and over OCPI ``Token`` with the key in base64 (OCPI 2.2.1, section 4.1.1).
    """
    found = [bytes(value) for name, value in scope["headers"] if name == b"authorization"]
    if len(found) != 1:
        return None
    scheme, _, secret = found[0].partition(b" ")
    scheme, secret = scheme.lower(), secret.strip()
    if scheme == b"token" and scope["path"].startswith(OCPI_PREFIX):
        secret = _decoded(secret)
    elif scheme != b"bearer":
        return None
    return secret.decode() if secret and secret.isascii() else None


def _decoded(secret: bytes) -> bytes:
    try:
        # who encodes a file of a key encodes the end of its line as well
        return b64decode(secret, validate=True).strip()
    except ValueError:
        return b""


def unauthenticated() -> ProblemError:
    """Return the one answer to all whom the door does not let in; it does not say why."""
    return ProblemError(Problem.UNAUTHENTICATED, headers={"WWW-Authenticate": "Bearer"})


def let_in(scope: Scope, caller: Caller) -> None:
    """Let the caller's name and rights be known to whatever handles the request."""
    scope["state"] |= {"caller": caller.name, "access": caller}


def access_of(scope: Scope) -> Caller:
    """Return who asks."""
    return cast("Caller", scope["state"].get("access", ANYBODY))


def caller_of(request: Request) -> Caller:
    """Return who asks."""
    return access_of(request.scope)


def beyond_reach(pointer: str | None = None) -> ProblemError:
    """Return the answer to a caller who asks about other chargers than its own; ``pointer`` is where in the body."""
    faults: list[Fault] = [] if pointer is None else [{"pointer": pointer, "detail": "another charger"}]
    return ProblemError(Problem.FORBIDDEN, "the key is bound to other chargers", errors=faults)


def demand_charger(request: Request, charger_id: str, pointer: str | None = None) -> None:
    """Do nothing where the caller may ask about the charger, or the inventory has none of that id.

    Raises ProblemError, which says where in the body one of several is named.
    """
    bound = caller_of(request).chargers
    if bound is None:
        return
    service: Service = request.app.state.service
    if service.chargers.outside(charger_id, bound):
        raise beyond_reach(pointer)
