# ruff: noqa: INP001 - lies beside scripts, not in a package
"""Keeps a charger's local authorization list as policy-service has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from orders import ACCEPTED, statuses
from sessions import at

if TYPE_CHECKING:
    from stations import Delegating


class ListFor(Protocol):
    """Asks the service what leads from a version of a charger's list to the newest; None for one it does not know."""

    async def __call__(self, charger_id: str, since: int, /) -> Any:  # noqa: ANN401 - any JSON value
        """Return the answer."""


async def refresh_list(station: Delegating, list_for: ListFor) -> bool:
    """Send what has changed since the charger's version; the whole list where it takes no changes.

    Returns whether the charger has the list now. Raises OrderFailedError.
    """
    told = await station.order("GetLocalListVersion", {})
    version = at(told, "listVersion") if station.version == "1.6" else at(told, "versionNumber")
    if not isinstance(version, int) or version < 0:
        return False  # it keeps none
    return await _send(station, list_for, version) or (version > 0 and await _send(station, list_for, 0))


async def _send(station: Delegating, list_for: ListFor, since: int) -> bool:
    wanted = await list_for(station.id, since)
    if wanted is None:
        return False
    for command in wanted["commands"]:
        if statuses(await station.order(command["action"], command["payload"])) != [ACCEPTED]:
            return False
    return True
