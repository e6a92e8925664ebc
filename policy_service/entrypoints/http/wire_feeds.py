"""The shapes of imports on record and of their sources on the wire."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from policy_service.domain.import_run import ImportKind, ImportMode, ImportState
from policy_service.domain.span import parse_span
from policy_service.entrypoints.http import forms
from policy_service.entrypoints.http.wire import InstantOut, Reply, Request
from policy_service.entrypoints.http.wire_records import ListReply

Span = Annotated[str, StringConstraints(strict=True, pattern=forms.SPAN), AfterValidator(parse_span)]


class ImportRunReply(Reply):
    """An import on record; counts are of records and grow while it runs."""

    id: str
    kind: ImportKind
    source: str
    mode: ImportMode
    atomic: bool
    state: ImportState = Field(description="`refused`: nothing was changed; `failed`: it was cut off.")
    started_at: InstantOut
    updated_at: InstantOut
    ended_at: InstantOut | None
    lines: int = Field(description="Lines read so far, blank ones apart.")
    accepted: int
    rejected: int
    dropped: int
    conflicts: int = Field(description="Those of the rejected that clash with another line or another source.")
    caller: str | None = Field(description="Who brought it, where keys are in use.")


class ImportRunList(ListReply):
    """A page of imports, the latest begun first."""

    imports: list[ImportRunReply]


class SourceBody(Request):
    """What is expected of a source."""

    expected_every: Span | None = Field(
        description="Within how long it has to come again, such as `PT26H`; null: whenever it likes."
    )


class SourceReply(Reply):
    """A source of imports of one kind."""

    kind: ImportKind
    source: str
    records: int = Field(description="On record now; of chargers all that were imported, whoever brought them.")
    expected_every: str | None = Field(description="Within how long it has to come again.")
    due_at: InstantOut | None = Field(description="Until when it has to come again.")
    overdue: bool
    last_import: ImportRunReply | None = Field(description="The last one that took effect.")
    last_attempt: ImportRunReply | None = Field(description="The last one that began, however it ended.")


class SourceList(ListReply):
    """A page of sources, by kind and name."""

    sources: list[SourceReply]
