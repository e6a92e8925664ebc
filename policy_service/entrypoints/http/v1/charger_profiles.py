"""Charger profiles, and the commands that bring a charger into the mode of its schedule."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.ports import StoreUnavailableError
from policy_service.application.queries.charger_profiles import UnknownProfileError
from policy_service.application.queries.chargers import UnknownChargerError
from policy_service.domain.access import AccessMode
from policy_service.entrypoints.http.access import ServiceOf, answer, from_cursor, to_cursor
from policy_service.entrypoints.http.callers import caller_of, demand_charger
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import ChargerId, CommandParams, PageParams, ProfileName
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.wire_profiles import CommandsReply, ProfileList, ProfileReply
from policy_service.entrypoints.profile_answers import commands_view, profile_view

router = APIRouter(prefix="/v1", tags=["chargers"], route_class=GuardedRoute)


@router.get("/charger-profiles", summary="List charger profiles", responses=replies(ProfileList, 404, 422))
async def list_profiles(request: Request, service: ServiceOf, wanted: Annotated[PageParams, Query()]) -> Response:
    """List what charger models can do, by name: built-in profiles, and own ones, which replace those of their name."""
    after = None if wanted.cursor is None else from_cursor(wanted.cursor, str)[0]
    page = service.modes.switching.profiles.page(limit=wanted.limit, cursor=after, within=caller_of(request).chargers)
    following = None if page.next_cursor is None else to_cursor(page.next_cursor)
    return answer({"charger_profiles": [profile_view(*found) for found in page.items], "next_cursor": following})


@router.get("/charger-profiles/{profile}", summary="One charger profile", responses=replies(ProfileReply, 404, 422))
async def get_profile(request: Request, service: ServiceOf, profile: ProfileName) -> Response:
    """Tell how a model is switched, what it shows, what its lists hold, and where that is known from."""
    try:
        found = service.modes.switching.profiles.get(profile, within=caller_of(request).chargers)
    except UnknownProfileError:
        raise ProblemError(Problem.NOT_FOUND, "there is no such charger profile") from None
    return answer(profile_view(*found))


@router.get(
    "/chargers/{charger_id:name}/commands",
    summary="The OCPP requests that bring a charger into its mode",
    responses=replies(CommandsReply, 404, 422),
)
async def get_commands(
    request: Request, service: ServiceOf, charger_id: ChargerId, asked: Annotated[CommandParams, Query()]
) -> Response:
    """Tell what to send, in order, to lead the charger from the reported mode to the one of its schedule.

    A mode that is not known is taken for the other one, so that everything is sent; do so after every boot, as some
    firmware forgets. A charger that reports the wanted mode is only asked to prove it.
    """
    demand_charger(request, charger_id)
    at = service.clock.now() if asked.at is None else asked.at
    reported = await _reported(service, charger_id, asked)
    try:
        found = service.modes.switching.commands.of(charger_id, at, reported)
    except UnknownChargerError:
        raise ProblemError(Problem.NOT_FOUND, "the inventory has no such charger") from None
    return answer(commands_view(found))


async def _reported(service: ServiceOf, charger_id: str, asked: CommandParams) -> AccessMode | None:
    """Return the mode that commands set out from: as the caller says, else as it was reported last."""
    if asked.reported is not None:
        return None if asked.reported == "unknown" else AccessMode(asked.reported)
    try:
        return await service.modes.sync.last_seen(charger_id)
    except StoreUnavailableError:
        return None
