"""Identifiers: import, list, look up, and single records by opaque id; never an identifier in an address."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.imports.fields import InvalidRecordError
from policy_service.entrypoints.http.access import ServiceOf, answer, no_content
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.params import IdentifierParams, ImportParams, RecordId, shown
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.uploads import contradiction, run_upload, takes_upload
from policy_service.entrypoints.http.wire_records import (
    IdentifierBody,
    IdentifierList,
    IdentifierReply,
    ImportReply,
    LookupBody,
    LookupReply,
)

router = APIRouter(prefix="/v1/identifiers", tags=["identifiers"], route_class=GuardedRoute)

_EXAMPLE = {"identifier": "04:A2:B3:C4:D5:E6:80", "type": "rfid", "class": "own", "vehicle": "bus-17", "fleet": "north"}


@router.get("", summary="List identifiers", responses=replies(IdentifierList, 404, 422))
async def list_identifiers(service: ServiceOf, wanted: Annotated[IdentifierParams, Query()]) -> Response:
    """List records in a stable order; identifiers are masked."""
    page = await service.identifiers.page(
        limit=wanted.limit,
        cursor=wanted.cursor,
        source=wanted.source,
        vehicle_class=wanted.vehicle_class,
        agreement=wanted.agreement,
        fleet=wanted.fleet,
    )
    return answer({"identifiers": list(page.items), "next_cursor": page.next_cursor})


@router.post(
    "/import",
    summary="Import identifiers",
    responses=replies(ImportReply, 400, 409, 413, 415, 422),
    openapi_extra=takes_upload(
        '{"identifier": "04A2B3C4D5E680", "type": "rfid", "class": "own", "vehicle": "bus-17", "fleet": "north"}',
        "identifier,type,class,vehicle,fleet\n04A2B3C4D5E680,rfid,own,bus-17,north\n",
        smallest=r"identifier,type,class,vehicle,fleet\n([0-9A-F]{14},rfid,own,[A-Za-z0-9-]{1,40},[A-Za-z0-9-]{1,40}\n)?",
    ),
)
async def import_identifiers(request: Request, service: ServiceOf, how: Annotated[ImportParams, Query()]) -> Response:
    """Take identifiers in as NDJSON or CSV, streamed, with a report by line."""
    return await run_upload(request, how, service.import_identifiers)


@router.post(
    "/lookup",
    summary="Look an identifier up",
    responses=replies(LookupReply, *BODY, 404),
    openapi_extra=takes_json(LookupBody, rfid={"identifier": "04:A2:B3:C4:D5:E6:80"}),
)
async def look_up_identifier(request: Request, service: ServiceOf) -> Response:
    """Tell which record answers for an identifier."""
    body = await json_body(request, LookupBody)
    found = await service.identifiers.look_up(body.identifier, body.identifier_type)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND, "nobody knows this identifier")
    return answer(found)


@router.get("/{record_id:name}", summary="One identifier record", responses=replies(IdentifierReply, 404, 422))
async def get_identifier(service: ServiceOf, record_id: RecordId) -> Response:
    """Tell the vehicle, class, validity and status."""
    found = await service.identifiers.get(record_id)
    if found is None:
        raise _unknown()
    return answer(found)


@router.put(
    "/{record_id:name}",
    summary="Add or replace an identifier record",
    responses={**replies(IdentifierReply, *BODY, 409), 201: {"model": IdentifierReply, "description": "Added"}},
    openapi_extra=takes_json(IdentifierBody, own=_EXAMPLE),
)
async def put_identifier(request: Request, service: ServiceOf, record_id: RecordId) -> Response:
    """Keep a record under an id of the client's choice."""
    body = await json_body(request, IdentifierBody)
    try:
        record, fresh = await service.edit_identifiers.put(record_id, shown(body))
    except InvalidRecordError as error:
        raise contradiction(error) from None
    return answer(service.identifiers.view(record), 201 if fresh else 200)


@router.delete(
    "/{record_id:name}",
    summary="Remove an identifier record",
    status_code=204,
    responses=replies(None, 404, 422, success=204),
)
async def delete_identifier(service: ServiceOf, record_id: RecordId) -> Response:
    """Forget a record."""
    if not await service.edit_identifiers.delete(record_id):
        raise _unknown()
    return no_content()


def _unknown() -> ProblemError:
    return ProblemError(Problem.NOT_FOUND, "there is no such record")
