"""Uploads: NDJSON or CSV, streamed into an import, reported by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.imports.batches import ImportOptions
from policy_service.application.imports.rows import ImportFormat
from policy_service.application.ports import ImportTooLossyError
from policy_service.entrypoints.http.access import answer
from policy_service.entrypoints.http.auditing import begun, tell
from policy_service.entrypoints.http.body import refuse_encoding
from policy_service.entrypoints.http.problems import Problem, ProblemError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from policy_service.application.commands.log_import import LoggedImport
    from policy_service.application.imports.fields import InvalidRecordError
    from policy_service.entrypoints.http.params import ImportParams

_FORMATS = {
    "application/x-ndjson": ImportFormat.NDJSON,
    "application/ndjson": ImportFormat.NDJSON,
    "application/jsonl": ImportFormat.NDJSON,
    "text/csv": ImportFormat.CSV,
}


async def run_upload(
    request: Request,
    how: ImportParams,
    import_: LoggedImport,
) -> Response:
    """Stream the body into the import and answer its report. Raises ProblemError."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    written = _FORMATS.get(media_type)
    if written is None:
        raise ProblemError(Problem.UNSUPPORTED_MEDIA_TYPE, "the body must be `application/x-ndjson` or `text/csv`")
    refuse_encoding(request)
    options = ImportOptions(how.source, how.mode == "replace", how.atomic, how.force, written)
    tell(request, source=how.source, mode=how.mode, atomic=how.atomic, force=how.force)
    if not how.atomic:
        begun(request)
    try:
        report = await import_(request.stream(), options, caller=getattr(request.state, "caller", None))
    except ImportTooLossyError as error:
        detail = f"the import would drop {error.dropped} of {error.listed} records; `force=true` does so"
        counts = {"dropped": error.dropped, "listed": error.listed}
        raise ProblemError(Problem.CONFLICT, detail, extra=counts) from None
    tell(request, accepted=report.accepted, rejected=report.rejected, dropped=report.dropped)
    if report.refused:
        raise ProblemError(Problem.INVALID, "the import was refused, nothing was taken", extra=report.as_json())
    return answer(report.as_json())


def takes_upload(ndjson: str, csv: str, *, smallest: str) -> dict[str, Any]:
    """Describe an upload, for ``openapi_extra``; ``smallest`` is a pattern of the plainest CSV with one record."""
    return {
        "requestBody": {
            "required": True,
            "description": (
                "One record a line, at most 64 KiB each: JSON objects, or CSV under a header that names the fields in "
                "any order (`attributes.NAME`, `labels.NAME`, `chargers.ids` for what lies deeper; `;` divides lists). "
                f"As NDJSON: `{ndjson}`. The CSV pattern shows the plainest file; more columns and lines may follow."
            ),
            "content": {
                "application/x-ndjson": {"schema": {"type": "string"}},
                "text/csv": {"schema": {"type": "string", "pattern": f"^({smallest})?$"}, "example": csv},
            },
        }
    }


def contradiction(error: InvalidRecordError) -> ProblemError:
    """Return the problem of a record in the right shape whose members contradict each other or what is declared."""
    errors: list[Any] = [{"pointer": fault.pointer, "detail": fault.detail} for fault in error.faults]
    return ProblemError(Problem.CONFLICT, "the record contradicts itself or what policies declare", errors=errors)
