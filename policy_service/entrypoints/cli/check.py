"""``check``: every mistake of all policy files in one run, in the format that its reader wants."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policy_service.domain.diagnostic import Severity
from policy_service.engine.zone import Zone
from policy_service.entrypoints.cli.checking import checked, mend
from policy_service.entrypoints.cli.console import note, out, out_raw, stdout
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError, demand_one
from policy_service.entrypoints.cli.findings import plural
from policy_service.entrypoints.cli.instants import read_instant
from policy_service.entrypoints.cli.lint_configuration import find_configuration
from policy_service.entrypoints.cli.long_work import long_work
from policy_service.entrypoints.cli.policy_tree import FixedClock, default_directory
from policy_service.entrypoints.cli.reports.as_json import as_json
from policy_service.entrypoints.cli.reports.concise import concise
from policy_service.entrypoints.cli.reports.github import github
from policy_service.entrypoints.cli.reports.gitlab import gitlab
from policy_service.entrypoints.cli.reports.human import blocks, closing, human
from policy_service.entrypoints.cli.reports.junit import junit
from policy_service.entrypoints.cli.reports.sarif import sarif

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy_service.entrypoints.cli.reports.report import Report

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
    CONCISE = "concise"
    JSON = "json"
    GITLAB = "gitlab"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"


_WRITTEN: dict[Format, Callable[[Report], str]] = {
    Format.HUMAN: human,
    Format.CONCISE: concise,
    Format.JSON: as_json,
    Format.GITLAB: gitlab,
    Format.GITHUB: github,
    Format.SARIF: sarif,
    Format.JUNIT: junit,
}

FormatOption = Annotated[
    Format | None, typer.Option("--format", help=f"How to write the findings; left out: {Format.HUMAN}.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write the findings into this file, and a line about them."),
]
NowOption = Annotated[
    str | None,
    typer.Option(metavar="INSTANT", help="Check as of this instant; it decides what is past and what lies ahead."),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Left out: policy-service.toml in the tree, beside it, or here."),
]


@app.command(
    epilog="\b\nExamples:\n  policy-service check policies --strict\n"
    "  policy-service check policies --format gitlab --output gl-code-quality-report.json"
)
def check(
    paths: PathsArgument = None,
    *,
    written: FormatOption = None,
    as_json: JsonOption = False,
    output: OutputOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings count as findings.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without changing any answer.")] = False,
    now: NowOption = None,
    config: ConfigOption = None,
) -> None:
    """Find every mistake of all policy files in one run, each with its place, an excerpt, and what to do about it.

    Files that could be put in force are looked over by the rules of lint as well; see `policy-service rule`.
    Exits 0 when nothing is found, 1 on errors (and on warnings under --strict), 2 when files cannot be read.
    """
    demand_one("--json and --format both say how to write", as_json, written not in {None, Format.JSON})
    clock = FixedClock(None if now is None else read_instant(now, Zone.of("UTC")).at)
    tree = paths or [default_directory()]
    configuration = config or find_configuration(tree)
    chosen = Format.JSON if as_json else written or Format.HUMAN
    shown = chosen is Format.HUMAN
    with long_work(shown=shown) as work:
        found = checked(tree, configuration, clock, work)
    if fix and found.edits:
        files = mend(found.edits, found.report)
        note(f"mended {plural(len(found.edits), 'finding')} in {plural(files, 'file')}")
        with long_work(shown=shown) as work:
            found = checked(tree, configuration, clock, work)
    _tell(found.report, chosen, output)
    if found.report.count(Severity.ERROR) or (strict and found.report.count(Severity.WARNING)):
        raise typer.Exit(ExitCode.FINDINGS)


def _tell(report: Report, written: Format, output: Path | None) -> None:
    if output is not None:
        try:
            output.write_text(_WRITTEN[written](report), encoding="utf-8")
        except OSError as error:
            message = f"`{output}` cannot be written: {error.strerror or type(error).__name__}"
            raise CommandError(message, "give a file in a directory that you may write") from error
        out(closing(report))
    elif written is Format.HUMAN:
        console = stdout()
        out_raw(blocks(report, colour=console.is_terminal and not console.no_color))
        out(closing(report))
    else:
        out_raw(_WRITTEN[written](report))
