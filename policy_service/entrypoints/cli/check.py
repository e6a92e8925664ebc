"""``check``: every mistake of all policy files in one run."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from policy_service.domain.access import Ungoverned
from policy_service.engine.zone import Zone
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.findings import count, out_findings, plural, summary
from policy_service.entrypoints.cli.instants import read_instant
from policy_service.entrypoints.cli.policy_tree import FixedClock, default_directory, loaded, read_files
from policy_service.entrypoints.http.views import diagnostic_view

if TYPE_CHECKING:
    from policy_service.application.plan_holder import PlanState

app = typer.Typer(rich_markup_mode=None, add_completion=False)


PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="DIR|FILE",
        help="Directories and files that make one tree; left out: POLICY_SERVICE_POLICIES, else `policies`.",
    ),
]


class Format(StrEnum):
    """How findings are written."""

    HUMAN = "human"
    JSON = "json"


@app.command(epilog="\b\nExample:\n  policy-service check policies --strict")
def check(
    paths: PathsArgument = None,
    *,
    written: Annotated[Format, typer.Option("--format", help="How to write the findings.")] = Format.HUMAN,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings count as findings.")] = False,
    now: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="Check as of this instant; it decides what lies in the next year."),
    ] = None,
) -> None:
    """Find every mistake of all policy files in one run, each with its place, an excerpt, and what to do about it.

    Exits 0 when nothing is found, 1 on errors (and on warnings under --strict), 2 when files cannot be read.
    """
    clock = FixedClock(None if now is None else read_instant(now, Zone.of("UTC")).at)
    files = read_files(paths or [default_directory()])
    state = loaded(files, clock, Ungoverned(os.environ.get("POLICY_SERVICE_UNGOVERNED") or Ungoverned.DENY)).state
    errors, warnings = count(state.diagnostics)
    if as_json or written is Format.JSON:
        out_json(_as_json(state, len(files)))
    else:
        out_findings(state.diagnostics, state.sources)
        out(summary(errors, warnings, len(files)) if state.diagnostics else _clean(state, len(files)))
    if errors or (strict and warnings):
        raise typer.Exit(ExitCode.FINDINGS)


def _clean(state: PlanState, files: int) -> Text:
    sizes = [plural(files, "file"), *(plural(size, noun) for noun, size in _sizes(state).items())]
    return Text.assemble(f"{', '.join(sizes)}: ", ("no findings", "bold green"))


def _sizes(state: PlanState) -> dict[str, int]:
    plan = state.plan
    return {"policy": len(plan.policies) if plan else 0, "charger": len(plan.chargers) if plan else 0}


def _as_json(state: PlanState, files: int) -> dict[str, object]:
    errors, warnings = count(state.diagnostics)
    sizes = _sizes(state)
    return {
        "files": files,
        "policies": sizes["policy"],
        "chargers": sizes["charger"],
        "errors": errors,
        "warnings": warnings,
        "diagnostics": [diagnostic_view(finding) for finding in state.diagnostics],
    }
