"""Chargers: the inventory, and the mode and schedule of each."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.commands.import_chargers import ChargersNotAdmittedError
from policy_service.application.imports.fields import InvalidRecordError
from policy_service.application.ports import StoreUnavailableError
from policy_service.application.queries.charger_sync import Stood
from policy_service.application.queries.chargers import UnknownChargerError
from policy_service.application.views import charger_view
from policy_service.domain.charger_sync import Standing
from policy_service.domain.instant import DAY, LATEST, format_instant
from policy_service.entrypoints.answers import schedule_view
from policy_service.entrypoints.http.access import ServiceOf, answer, from_cursor, no_content, to_cursor
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.callers import caller_of, demand_charger
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.params import (
    AtParams,
    ChargerId,
    ImportParams,
    RangeParams,
    StandingParams,
    label_of,
    shown,
)
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.spans import from_its_start
from policy_service.entrypoints.http.uploads import contradiction, run_upload, takes_upload
from policy_service.entrypoints.http.views_modes import sync_view
from policy_service.entrypoints.http.wire_records import (
    ChargerBody,
    ChargerList,
    ChargerReply,
    ImportReply,
)
from policy_service.entrypoints.http.wire_schedules import ModeReply, ScheduleReply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.engine.plan import ChargerPlan

router = APIRouter(prefix="/v1/chargers", tags=["chargers"], route_class=GuardedRoute)

MAX_RANGE = 400 * DAY
_WEEK = 7 * DAY


@router.get("", summary="List chargers", responses=replies(ChargerList, 404, 422))
async def list_chargers(request: Request, service: ServiceOf, wanted: Annotated[StandingParams, Query()]) -> Response:
    """List the inventory by id, of files and of imports alike."""
    after = None if wanted.cursor is None else from_cursor(wanted.cursor, str)[0]
    within, label, states = caller_of(request).chargers, label_of(wanted.label), wanted.states
    if states is None:
        page = service.chargers.page(limit=wanted.limit, cursor=after, label=label, within=within)
        items, next_cursor = await _stood(service, page.items), page.next_cursor
    else:
        found = await service.modes.sync.page(states, limit=wanted.limit, cursor=after, label=label, within=within)
        items, next_cursor = found.items, found.next_cursor
    following = None if next_cursor is None else to_cursor(next_cursor)
    return answer({"chargers": [_view(each) for each in items], "next_cursor": following})


@router.post(
    "/import",
    summary="Import chargers",
    responses=replies(ImportReply, 400, 409, 413, 415, 422),
    openapi_extra=takes_upload(
        '{"id": "NTH-90", "labels": {"depot": "north"}}',
        "id,labels.depot\nNTH-90,north\n",
        smallest=r"id\n([A-Za-z0-9-]{1,40}\n)?",
    ),
)
async def import_chargers(request: Request, service: ServiceOf, how: Annotated[ImportParams, Query()]) -> Response:
    """Take chargers in as NDJSON or CSV. They show in the plan when this returns."""
    try:
        reply = await run_upload(request, how, service.import_chargers)
    except ChargersNotAdmittedError as error:
        raise _not_admitted(error) from None
    await service.reload(force=True)
    return reply


@router.get("/{charger_id:name}", summary="One charger", responses=replies(ChargerReply, 404, 422))
async def get_charger(request: Request, service: ServiceOf, charger_id: ChargerId) -> Response:
    """Tell labels, attributes and the governing policy."""
    demand_charger(request, charger_id)
    return answer(await _seen(service, charger_id))


@router.put(
    "/{charger_id:name}",
    summary="Add or replace a charger",
    responses={**replies(ChargerReply, *BODY, 409), 201: {"model": ChargerReply, "description": "Added"}},
    openapi_extra=takes_json(ChargerBody, charger={"labels": {"depot": "north"}, "protocol": "ocpp1.6"}),
)
async def put_charger(request: Request, service: ServiceOf, charger_id: ChargerId) -> Response:
    """Keep a charger that no policy file lists; one of a file cannot be changed here."""
    body = await json_body(request, ChargerBody)
    _refuse_filed(service, charger_id)
    fresh = charger_id not in service.chargers
    try:
        await service.edit_chargers.put(charger_id, shown(body))
    except InvalidRecordError as error:
        raise contradiction(error) from None
    except ChargersNotAdmittedError as error:
        raise _not_admitted(error) from None
    await service.reload(force=True)
    return answer(await _seen(service, charger_id), 201 if fresh else 200)


@router.delete(
    "/{charger_id:name}",
    summary="Remove a charger",
    status_code=204,
    responses=replies(None, 404, 409, 422, success=204),
)
async def delete_charger(service: ServiceOf, charger_id: ChargerId) -> Response:
    """Forget a charger that came over HTTP."""
    _refuse_filed(service, charger_id)
    if not await service.edit_chargers.delete(charger_id):
        raise _unknown()
    await service.reload(force=True)
    return no_content()


@router.get("/{charger_id:name}/mode", summary="The mode at an instant", responses=replies(ModeReply, 404, 422))
async def get_mode(
    request: Request, service: ServiceOf, charger_id: ChargerId, asked: Annotated[AtParams, Query()]
) -> Response:
    """Tell the mode, what set it, and the bounds between which it holds unchanged."""
    demand_charger(request, charger_id)
    try:
        found = service.chargers.mode(charger_id, service.clock.now() if asked.at is None else asked.at)
    except UnknownChargerError:
        raise _unknown() from None
    return answer(
        {
            "charger": found.charger,
            "mode": found.mode,
            "policy": found.policy,
            "window": found.window,
            "since": None if found.since is None else format_instant(found.since),
            "until": None if found.until is None else format_instant(found.until),
        }
    )


@router.get(
    "/{charger_id:name}/schedule", summary="What holds over a range", responses=replies(ScheduleReply, 404, 422)
)
async def get_schedule(
    request: Request, service: ServiceOf, charger_id: ChargerId, asked: Annotated[RangeParams, Query()]
) -> Response:
    """List segments in UTC, clipped to the range; of a range longer than 400 days, the first 400."""
    demand_charger(request, charger_id)
    start, end = bounds(asked, service.clock.now(), MAX_RANGE)
    try:
        found = service.chargers.schedule(charger_id, start, end)
    except UnknownChargerError:
        raise _unknown() from None
    return answer(schedule_view(found.charger, found.timezone, (start, end), found.segments))


def bounds(asked: RangeParams, now: int, longest: int) -> tuple[int, int]:
    """Return the range that is answered: never longer than allowed. Raises ProblemError."""
    start, end = from_its_start(asked, now, _WEEK)
    return start, min(end, start + longest, LATEST - 1)


async def _seen(service: ServiceOf, charger_id: str) -> dict[str, Any]:
    (stood,) = await _stood(service, [_entry(service, charger_id)])
    return _view(stood)


async def _stood(service: ServiceOf, entries: "Sequence[ChargerPlan]") -> "Sequence[Stood]":
    """Return how chargers stand; without a database the inventory can be told all the same."""
    try:
        return await service.modes.sync.of(entries)
    except StoreUnavailableError:
        return [Stood(entry, Standing(None, None), None) for entry in entries]


def _view(stood: Stood) -> dict[str, Any]:
    entry = stood.entry
    policy = None if entry.policy is None else entry.policy.name
    file = entry.charger.place.file or None
    counts_as = None if entry.profile is None else entry.profile.name
    seen = {"counts_as": counts_as, "policy": policy, "file": file, "sync": sync_view(stood)}
    return {**charger_view(entry.charger), **seen}


def _entry(service: ServiceOf, charger_id: str) -> "ChargerPlan":
    try:
        return service.chargers.get(charger_id)
    except UnknownChargerError:
        raise _unknown() from None


def _refuse_filed(service: ServiceOf, charger_id: str) -> None:
    if service.chargers.filed(charger_id):
        raise ProblemError(Problem.CONFLICT, "the charger is listed by a policy file and is changed there")


def _not_admitted(error: ChargersNotAdmittedError) -> ProblemError:
    errors: list[Any] = [{"detail": problem} for problem in error.problems[:20]]
    return ProblemError(Problem.CONFLICT, "the policy files speak against these chargers", errors=errors)


def _unknown() -> ProblemError:
    return ProblemError(Problem.NOT_FOUND, "the inventory has no such charger")
