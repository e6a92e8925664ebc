"""``import``: streams a file of records into the running service and reports what was rejected, by line."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer
from rich.text import Text

from policy_service.application.imports.rows import ImportFormat
from policy_service.domain.import_run import ImportKind, ImportMode
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.service_calls import (
    DEFAULT_URL,
    CaFileOption,
    CertFileOption,
    KeyFileOption,
    ProblemAnswerError,
    ServiceCalls,
    UrlOption,
)
from policy_service.entrypoints.cli.upload_progress import upload_progress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from policy_service.entrypoints.cli.upload_progress import Shown

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_CHUNK = 1 << 16


@app.command(
    "import",
    epilog="\b\nExamples:\n  policy-service import identifiers fleet.csv --source fleet --mode replace"
    "\n  gpg -d fleet.ndjson.gpg | policy-service import identifiers -",
)
def import_(  # noqa: PLR0913 - a parameter a flag
    kind: Annotated[
        ImportKind, typer.Argument(metavar="KIND", help="identifiers, agreements or chargers: what the file lists.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="NDJSON, or CSV with a name in .csv; `-`: stdin.")],
    *,
    url: UrlOption = DEFAULT_URL,
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the list; left out: http.")] = None,
    mode: Annotated[ImportMode, typer.Option(help="Replace drops what the source no longer lists.")] = ImportMode.MERGE,
    atomic: Annotated[bool, typer.Option("--atomic", help="All or nothing: one bad line refuses the file.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Let replace drop more than a fifth of the list.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Standard input is CSV.")] = False,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the service's report as JSON.")] = False,
) -> None:
    """Import identifiers, agreements or chargers into the running service, and report rejected lines.

    The file is streamed. Exits 1 when any line is rejected; what was accepted is in force at once.
    """
    if force and mode is ImportMode.MERGE:
        message = "--force is about what replace drops, and merge drops nothing"
        raise CommandError(message, "give --mode replace, or leave --force out")
    wanted = {"mode": mode.value, "atomic": _word(atomic), "force": _word(force)}
    wanted |= {} if source is None else {"source": source}
    media_type = ImportFormat.CSV if csv or file.suffix.lower() == ".csv" else ImportFormat.NDJSON
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    total = None if file == Path("-") or not file.is_file() else file.stat().st_size
    with _opened(file) as stream, upload_progress(kind, total, wanted=not as_json) as shown:
        report = _reported(calls, f"/v1/{kind}/import", wanted, _sent(stream, shown), media_type)
    if as_json:
        out_json(report)
    else:
        _tell(report, file)
    if report["rejected"] or report["errors"]:
        raise typer.Exit(ExitCode.FINDINGS)


def _word(flag: bool) -> str:  # noqa: FBT001 - a flag's value is the subject
    return "true" if flag else "false"


def _reported(
    calls: ServiceCalls, path: str, wanted: Mapping[str, str], chunks: Iterator[bytes], media_type: str
) -> dict[str, Any]:
    try:
        return calls.upload(path, wanted, chunks, media_type)
    except ProblemAnswerError as error:
        if "listed" in error.problem:
            dropped, listed = error.problem["dropped"], error.problem["listed"]
            message = f"nothing was taken: the import would drop {dropped:,} of {listed:,} records that are not in it"
            raise CommandError(message, "check that the file is whole; --force drops them", ExitCode.REFUSED) from None
        if "accepted" not in error.problem:  # a refused import answers with its report inside the problem
            raise
        return {**error.problem, "refused": True}


@contextmanager
def _opened(file: Path) -> Generator[BinaryIO]:
    if file == Path("-"):
        yield sys.stdin.buffer
        return
    try:
        stream = file.open("rb")
    except OSError as error:
        message = f"`{file}` cannot be read: {error.strerror or type(error).__name__}"
        raise CommandError(message, "check path and rights") from error
    with stream:
        yield stream


def _sent(stream: BinaryIO, shown: Shown) -> Iterator[bytes]:
    """Yield the file in pieces, and tell the progress of each."""
    while chunk := stream.read(_CHUNK):
        yield chunk
        shown.sent(chunk)
    shown.all_sent()


def _tell(report: Mapping[str, Any], file: Path) -> None:
    for error in report["errors"]:
        pointer = f"{error['pointer']} " if error.get("pointer") else ""
        out(Text.assemble((f"{file}:{error['line']}", "bold"), f": {pointer}{error['detail']}"))
    if report.get("truncated"):
        out("… and more: only the first errors are listed")
    counts = [f"{report['accepted']} accepted"]
    counts += [f"{report['rejected']} rejected"]
    counts += [f"{report['dropped']} dropped"] if report.get("dropped") else []
    out(", ".join(counts) + ("; the import was refused, nothing was taken" if report.get("refused") else ""))
