"""The shapes of the audit on the wire."""

from typing import Any

from pydantic import Field

from policy_service.entrypoints.http.wire import InstantOut, Reply
from policy_service.entrypoints.http.wire_records import ListReply


class AuditReply(Reply):
    """A change that somebody made."""

    id: str
    at: InstantOut
    caller: str | None = Field(description="The name of the key or token; null where none was asked for.")
    action: str = Field(description="Method and template of the address, or the command.")
    subject: str | None = Field(description="The id in the address, or the name of the key that was changed.")
    detail: dict[str, Any] = Field(description="What the call said of itself, such as an import's counts.")
    request_id: str | None


class AuditList(ListReply):
    """A page of changes, newest first."""

    entries: list[AuditReply]
