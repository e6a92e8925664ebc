"""Imports: how far each is, and how it ended, whichever process took it."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import ImportId, PageParams
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.wire_feeds import ImportRunList, ImportRunReply

router = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=GuardedRoute)


@router.get("", summary="List imports", responses=replies(ImportRunList, 404, 422))
async def list_imports(service: ServiceOf, wanted: Annotated[PageParams, Query()]) -> Response:
    """List imports, the latest begun first; those that run tell how far they are."""
    page = await service.imports.page(limit=wanted.limit, cursor=wanted.cursor)
    return answer({"imports": list(page.items), "next_cursor": page.next_cursor})


@router.get("/{import_id}", summary="One import", responses=replies(ImportRunReply, 404, 422))
async def get_import(service: ServiceOf, import_id: ImportId) -> Response:
    """Tell its state and counts; what was wrong with which line stands in the import's own answer."""
    found = await service.imports.get(import_id)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND, "there is no such import")
    return answer(found)
