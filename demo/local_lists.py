# ruff: noqa: INP001 - lies beside scripts, not in a package
"""Keeps a charger's local authorization list as policy-service has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from orders import ACCEPTED, statuses
from sessions import at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stations import Delegating


class Call(Protocol):
    """Calls the service until it answers; None for a charger that it does not know."""

    async def __call__(self, method: str, path: str, asked: Mapping[str, str | int], /) -> Any:  # noqa: ANN401
        """Return the answer."""


async def refresh_list(station: Delegating, call: Call) -> bool:
    """Send what has changed since the charger's version; the whole list where it takes no changes.

    Returns whether the charger has the list now. Raises OrderFailedError.
    """
    told = await station.order("GetLocalListVersion", {})
    version = at(told, "listVersion") if station.version == "1.6" else at(told, "versionNumber")
    if not isinstance(version, int) or version < 0:
        return False  # it keeps none
    return await _send(station, call, version) or (version > 0 and await _send(station, call, 0))


async def _send(station: Delegating, call: Call, since: int) -> bool:
    wanted = await call("GET", f"/v1/chargers/{station.id}/local-auth-list", {"since": since})
    if wanted is None:
        return False
    for command in wanted["commands"]:
        if statuses(await station.order(command["action"], command["payload"])) != [ACCEPTED]:
            return False
    return True
