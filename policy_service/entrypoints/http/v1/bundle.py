"""The bundle of a depot: a client of the service decides by it while it cannot reach the service."""

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.domain.bundle import Bundle
from policy_service.entrypoints.http.access import ServiceOf
from policy_service.entrypoints.http.callers import caller_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import BundleParams
from policy_service.entrypoints.http.response_headers import ENTITY_TAG, references

if TYPE_CHECKING:
    from policy_service.domain.api_key import Labels

router = APIRouter(prefix="/v1/bundle", tags=["bundle"], route_class=GuardedRoute)

_HAS_IT = 304


@router.get(
    "",
    summary="What decides at some chargers for two days without the service",
    responses={
        **replies(Bundle, 422, headers=[ENTITY_TAG]),
        _HAS_IT: {"description": "`If-None-Match` names it already", **references(ENTITY_TAG)},
    },
)
async def get_bundle(
    request: Request,
    service: ServiceOf,
    wanted: Annotated[BundleParams, Query()],
    if_none_match: Annotated[
        str, Header(alias="If-None-Match", description="The `ETag` of the bundle at hand, or several.")
    ] = "",
) -> Response:
    """Answer plan and registry of the chargers, identifiers as keyed hashes. A 304 confirms it for two days more."""
    bundle = await service.bundles(_labels(wanted.label), caller_of(request).chargers, _tags(if_none_match))
    headers = {ENTITY_TAG: f'W/"{bundle.tag}"', "Cache-Control": "private, no-cache"}
    if bundle.body is None:
        return Response(status_code=_HAS_IT, headers=headers)
    return Response(bundle.body, headers=headers, media_type="application/json")


def _labels(texts: list[str]) -> "Labels":
    """Return labels as keys have them: values of one label are any of, different labels must all match."""
    values: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        name, _, value = text.partition(":")
        values[name].append(value)
    return tuple((name, tuple(sorted(found))) for name, found in sorted(values.items()))


def _tags(header: str) -> list[str]:
    """Return the entity tags of `If-None-Match`, compared weakly (RFC 9110 section 13.1.2)."""
    return [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
