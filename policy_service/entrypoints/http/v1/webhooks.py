"""Webhooks: who is told of the events of a feed, of which, and what they did not take."""

from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from urllib.parse import urlsplit

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.commands.manage_webhooks import TargetRefusedError, WantedWebhook
from policy_service.application.ports import ConflictError
from policy_service.application.views import webhook_view
from policy_service.domain.instant import format_instant
from policy_service.domain.outward import FeedName
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.auditing import tell
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.callers import caller_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.params import PageParams, WebhookId
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.wire_webhooks import (
    AttemptReply,
    DeadLetterList,
    RetryReply,
    SecretReply,
    WebhookBody,
    WebhookList,
    WebhookPatch,
    WebhookReply,
)

if TYPE_CHECKING:
    from policy_service.application.commands.manage_webhooks import MadeWebhook
    from policy_service.domain.webhook import EventChoice
    from policy_service.entrypoints.http.wire_webhooks import FiltersBody

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=GuardedRoute)

_EXAMPLE = {"url": "https://csms.example/hooks", "filters": {"type": ["access.denied"], "labels": {"depot": ["north"]}}}
_MODES_EXAMPLE = {
    "url": "https://csms.example/modes",
    "feed": "modes",
    "filters": {"type": ["mode.transition_due", "cache.clear_due"]},
}


@router.get("", summary="List webhooks", responses=replies(WebhookList))
async def list_webhooks(service: ServiceOf) -> Response:
    """List all webhooks, the oldest first."""
    return answer({"webhooks": list(await service.webhooks.all())})


@router.post(
    "",
    summary="Add a webhook",
    status_code=201,
    responses=replies(SecretReply, *BODY, 409, success=201, description="Added"),
    openapi_extra=takes_json(WebhookBody, denials=_EXAMPLE, modes=_MODES_EXAMPLE),
)
async def add_webhook(request: Request, service: ServiceOf) -> Response:
    """Tell somebody of events from now on. The secret that its requests are signed with is shown this once."""
    body = await json_body(request, WebhookBody)
    wanted = WantedWebhook(body.url, _chosen(body.filters, body.feed), body.description)
    try:
        made = await service.manage_webhooks.create(wanted, by=caller_of(request).name)
    except TargetRefusedError as error:
        _refuse(error)
    except ConflictError as error:
        raise ProblemError(Problem.CONFLICT, str(error)) from None
    tell(request, webhook=made.webhook.id, host=urlsplit(body.url).hostname)
    return answer(_with_secret(made), 201, {"Location": f"/v1/webhooks/{made.webhook.id}"})


@router.get("/{webhook_id}", summary="One webhook", responses=replies(WebhookReply, 404, 422))
async def get_webhook(service: ServiceOf, webhook_id: WebhookId) -> Response:
    """Tell what it is told of, and how deliveries stand."""
    return answer(await service.webhooks.get(webhook_id) or _unknown())


@router.patch(
    "/{webhook_id}",
    summary="Change a webhook",
    responses=replies(WebhookReply, *BODY, 404, 409),
    openapi_extra=takes_json(WebhookPatch, pause={"enabled": False}, filters={"filters": {"type": ["access.breach"]}}),
)
async def change_webhook(request: Request, service: ServiceOf, webhook_id: WebhookId) -> Response:
    """Change what is given; filters as a whole. One that is enabled again goes on where it stopped."""
    body = await json_body(request, WebhookPatch)
    enabled = body.enabled if "enabled" in body.model_fields_set else None
    changes = body.changes()
    if "filters" in body.model_fields_set:
        shown = await service.webhooks.get(webhook_id) or _unknown()
        changes["choice"] = _chosen(body.filters, FeedName(shown["feed"]))
    try:
        found = await service.manage_webhooks.change(webhook_id, changes, enabled=enabled)
    except TargetRefusedError as error:
        _refuse(error)
    if found is None:
        _unknown()
    tell(request, changed=sorted(body.model_fields_set))
    return answer(await service.webhooks.get(webhook_id) or _unknown())


@router.delete("/{webhook_id}", summary="Remove a webhook", responses=replies(WebhookReply, 404, 422))
async def remove_webhook(service: ServiceOf, webhook_id: WebhookId) -> Response:
    """Remove it with its dead letters."""
    found = await service.manage_webhooks.remove(webhook_id) or _unknown()
    return answer(webhook_view(found, 0))


@router.post("/{webhook_id}/rotate-secret", summary="Rotate a secret", responses=replies(SecretReply, 404, 422))
async def rotate_webhook_secret(service: ServiceOf, webhook_id: WebhookId) -> Response:
    """Make a secret, shown this once. For 24 hours the one so far signs as well, in a second signature."""
    return answer(_with_secret(await service.manage_webhooks.rotate(webhook_id) or _unknown()))


@router.post("/{webhook_id}/test", summary="Send a test", responses=replies(AttemptReply, 404, 422))
async def send_test_event(service: ServiceOf, webhook_id: WebhookId) -> Response:
    """Send an event of type `webhook.ping` once, and tell what became of it."""
    attempt = await service.manage_webhooks.ping(webhook_id) or _unknown()
    return answer({"delivered": attempt.delivered, "status": attempt.status, "error": attempt.error})


@router.get("/{webhook_id}/dead-letters", summary="List dead letters", responses=replies(DeadLetterList, 404, 422))
async def list_dead_letters(
    service: ServiceOf, webhook_id: WebhookId, wanted: Annotated[PageParams, Query()]
) -> Response:
    """List the events that it did not take in time, the oldest first."""
    page = await service.webhooks.dead_letters(webhook_id, limit=wanted.limit, cursor=wanted.cursor) or _unknown()
    return answer({"dead_letters": list(page.items), "next_cursor": page.next_cursor})


@router.post(
    "/{webhook_id}/dead-letters/retry", summary="Send dead letters again", responses=replies(RetryReply, 404, 422)
)
async def retry_dead_letters(request: Request, service: ServiceOf, webhook_id: WebhookId) -> Response:
    """Send all of them once more, the oldest first, until one fails."""
    queued = await service.manage_webhooks.retry(webhook_id)
    if queued is None:
        _unknown()
    tell(request, queued=queued)
    return answer({"queued": queued})


def _chosen(filters: "FiltersBody", feed: FeedName) -> "EventChoice":
    choice = filters.choice(feed)
    if choice is None:
        raise ProblemError(Problem.INVALID, f"the filters ask for what no event of the feed `{feed}` has: {_HAS[feed]}")
    return choice


_HAS = {
    FeedName.ACCESS: 'types that begin with `access.` are its own; for all others add a webhook with `"feed": "modes"`',
    FeedName.MODES: "it is chosen from by `type`, `charger` and `labels` alone, and its types are those of mode events",
}


def _with_secret(made: "MadeWebhook") -> dict[str, Any]:
    until = made.webhook.previous_until
    shown = {"secret": made.secret, "previous_until": None if until is None else format_instant(until // 1000)}
    return {**webhook_view(made.webhook, 0), **shown}


def _unknown() -> NoReturn:
    raise ProblemError(Problem.NOT_FOUND, "there is no such webhook")


def _refuse(error: TargetRefusedError) -> NoReturn:
    raise ProblemError(Problem.CONFLICT, f"the URL cannot be used: {error}") from None
