"""Agreements: which fleets may share the depot's chargers."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.imports.fields import InvalidRecordError
from policy_service.application.views import agreement_view
from policy_service.entrypoints.http.access import ServiceOf, answer, no_content
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.params import AgreementId, AgreementParams, ImportParams, shown
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.uploads import contradiction, run_upload, takes_upload
from policy_service.entrypoints.http.wire_records import AgreementBody, AgreementList, AgreementReply, ImportReply

router = APIRouter(prefix="/v1/agreements", tags=["agreements"], route_class=GuardedRoute)


@router.get("", summary="List agreements", responses=replies(AgreementList, 404, 422))
async def list_agreements(service: ServiceOf, wanted: Annotated[AgreementParams, Query()]) -> Response:
    """List agreements by id."""
    page = await service.agreements.page(limit=wanted.limit, cursor=wanted.cursor, fleet=wanted.fleet)
    return answer({"agreements": list(page.items), "next_cursor": page.next_cursor})


@router.post(
    "/import",
    summary="Import agreements",
    responses=replies(ImportReply, 400, 409, 413, 415, 422),
    openapi_extra=takes_upload(
        '{"agreement": "metro-1", "fleet": "metro"}',
        "agreement,fleet\nmetro-1,metro\n",
        smallest=r"agreement,fleet\n([A-Za-z0-9-]{1,40},[A-Za-z0-9-]{1,40}\n)?",
    ),
)
async def import_agreements(request: Request, service: ServiceOf, how: Annotated[ImportParams, Query()]) -> Response:
    """Take agreements in as NDJSON or CSV, streamed, with a report by line."""
    return await run_upload(request, how, service.import_agreements)


@router.get("/{agreement_id:name}", summary="One agreement", responses=replies(AgreementReply, 404, 422))
async def get_agreement(service: ServiceOf, agreement_id: AgreementId) -> Response:
    """Tell fleet, validity, status and chargers."""
    found = await service.agreements.get(agreement_id)
    if found is None:
        raise _unknown()
    return answer(found)


@router.put(
    "/{agreement_id:name}",
    summary="Add or replace an agreement",
    responses={**replies(AgreementReply, *BODY, 409), 201: {"model": AgreementReply, "description": "Added"}},
    openapi_extra=takes_json(AgreementBody, metro={"fleet": "metro", "valid_to": "2027-07-01T00:00:00Z"}),
)
async def put_agreement(request: Request, service: ServiceOf, agreement_id: AgreementId) -> Response:
    """Keep an agreement."""
    body = await json_body(request, AgreementBody)
    try:
        agreement, fresh = await service.edit_agreements.put(agreement_id, shown(body))
    except InvalidRecordError as error:
        raise contradiction(error) from None
    return answer(agreement_view(agreement), 201 if fresh else 200)


@router.delete(
    "/{agreement_id:name}",
    summary="Remove an agreement",
    status_code=204,
    responses=replies(None, 404, 422, success=204),
)
async def delete_agreement(service: ServiceOf, agreement_id: AgreementId) -> Response:
    """Forget an agreement; its vehicles are refused from now on."""
    if not await service.edit_agreements.delete(agreement_id):
        raise _unknown()
    return no_content()


def _unknown() -> ProblemError:
    return ProblemError(Problem.NOT_FOUND, "there is no such agreement")
