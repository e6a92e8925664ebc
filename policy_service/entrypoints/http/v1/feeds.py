"""Sources: when each came last, what is on record of it, and when it has to come again."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.domain.import_run import ImportKind
from policy_service.entrypoints.http.access import ServiceOf, answer, from_cursor, to_cursor
from policy_service.entrypoints.http.auditing import tell
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.params import PageParams, SourceName
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.wire_feeds import SourceBody, SourceList, SourceReply

router = APIRouter(prefix="/v1/sources", tags=["imports"], route_class=GuardedRoute)


@router.get("", summary="List sources", responses=replies(SourceList, 404, 422))
async def list_sources(service: ServiceOf, wanted: Annotated[PageParams, Query()]) -> Response:
    """List the sources of imports by kind and name, with their last import, records and whether they are overdue."""
    after = None
    if wanted.cursor is not None:
        kind, source = from_cursor(wanted.cursor, str, str)
        after = (str(kind), str(source))
    found, following = await service.feeds.page(limit=wanted.limit, after=after)
    return answer({"sources": list(found), "next_cursor": None if following is None else to_cursor(*following)})


@router.get("/{kind}/{source}", summary="One source", responses=replies(SourceReply, 404, 422))
async def get_source(service: ServiceOf, kind: ImportKind, source: SourceName) -> Response:
    """Tell when it came last, what is on record of it, and whether it is overdue."""
    found = await service.feeds.get(kind, source)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND, "nothing has come from such a source, and nothing is expected of it")
    return answer(found)


@router.put(
    "/{kind}/{source}",
    summary="Say how often a source has to come",
    responses=replies(SourceReply, *BODY),
    openapi_extra=takes_json(SourceBody, nightly={"expected_every": "PT26H"}, never={"expected_every": None}),
)
async def expect_source(request: Request, service: ServiceOf, kind: ImportKind, source: SourceName) -> Response:
    """Have it told when the source has not come for that long: in readiness, log and metrics."""
    body = await json_body(request, SourceBody)
    every = None if body.expected_every is None else int(body.expected_every)
    await service.expect_feed(kind, source, every)
    tell(request, expected_every_s=every)
    return answer(await service.feeds.get(kind, source))
