"""``charger-profiles``: what charger models can do, and which one a charger is of, offline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from policy_service import bootstrap
from policy_service.application.queries.charger_profiles import ChargerProfiles, CountedProfile
from policy_service.domain.access import Ungoverned
from policy_service.engine.identify import identify
from policy_service.entrypoints.cli.charger_report import read_report
from policy_service.entrypoints.cli.console import note, out, out_json
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.policy_tree import FixedClock, default_directory, standing
from policy_service.entrypoints.cli.profile_text import candidate_line, list_lines, profile_lines
from policy_service.entrypoints.profile_answers import profile_view
from policy_service.language.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.charger_profile import ChargerReport
    from policy_service.engine.identify import Candidate, Identified

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Tell what charger models can do, and which one a charger is of, offline.",
    epilog="\b\nExamples:\n  policy-service charger-profiles list\n"
    "  policy-service charger-profiles show abb-terra-ac\n"
    "  policy-service charger-profiles identify get-configuration.json",
)

_MOST_BYTES = 16 * 1024 * 1024
PoliciesOption = Annotated[
    Path | None,
    typer.Option(
        "--policies",
        metavar="DIR",
        help="Policy files with profiles of your own; left out: POLICY_SERVICE_POLICIES, else `policies`.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in the JSON of the HTTP API.")]


@app.command("list", epilog="\b\nExample:\n  policy-service charger-profiles list --json")
def list_profiles(*, policies: PoliciesOption = None, as_json: JsonOption = False) -> None:
    """List the profiles, built-in and your own, and how many chargers are of each."""
    found = list(_profiles(policies).values())
    if as_json:
        out_json({"charger_profiles": [profile_view(*each) for each in found], "next_cursor": None})
        return
    for line in list_lines(found):
        out(line)


@app.command("show", epilog="\b\nExample:\n  policy-service charger-profiles show keba")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the profile.")],
    *,
    policies: PoliciesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one profile: how it is switched, what a refused driver sees, and where that is known from."""
    known = _profiles(policies)
    if name not in known:
        match = nearest(name, known)
        message = f"there is no charger profile `{name}`"
        raise CommandError(
            message, f"did you mean `{match}`?" if match else "see `policy-service charger-profiles list`"
        )
    if as_json:
        out_json(profile_view(*known[name]))
        return
    for line in profile_lines(known[name]):
        out(line)


@app.command(
    "identify", epilog="\b\nExample:\n  cat boot.json report-*.json | policy-service charger-profiles identify -"
)
def identify_charger(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE|-", help="Messages of the charger as JSON; `-` is standard input."),
    ],
    *,
    policies: PoliciesOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Name the profile of a charger from its answer to GetConfiguration, or from its NotifyReports.

    Messages may be bare or in their frames, one or many, and a BootNotification among them. Exits 0 when one profile
    fits, 1 when none or several do, 2 when the messages cannot be read.
    """
    report = read_report(_text(file))
    found = identify(report, [each.profile for each in _profiles(policies).values()])
    if as_json:
        out_json(_as_json(report, found))
    else:
        _tell(report, found)
    if found.profile is None:
        raise typer.Exit(ExitCode.FINDINGS)


def _profiles(policies: Path | None) -> dict[str, CountedProfile]:
    """Return the profiles in force by name, in order. Raises CommandError."""
    directory = policies or default_directory()
    if policies is None and not directory.is_dir():
        built_in = bootstrap.offline().profiles.profiles
        return {name: CountedProfile(built_in[name], 0) for name in sorted(built_in)}
    plans, _, tree = standing(directory, FixedClock(), Ungoverned.DENY)
    page = ChargerProfiles(plans).page(limit=len(tree.profiles), cursor=None)
    return {found.profile.name: found for found in page.items}


def _text(file: str) -> str:
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES + 1) if file == "-" else _head(Path(file))
        if len(data) > _MOST_BYTES:
            message = f"`{file}` is larger than {_MOST_BYTES} bytes"
            raise CommandError(message, "give the messages of one charger")
        return data.decode()
    except OSError as error:
        message = f"`{file}` cannot be read: {error.strerror or type(error).__name__}"
        raise CommandError(message, "check path and rights") from error
    except UnicodeDecodeError:
        message = f"`{file}` is not UTF-8"
        raise CommandError(message, "give the messages as JSON") from None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES + 1)


def _tell(report: ChargerReport, found: Identified) -> None:
    if not found.candidates:
        out("no profile fits; without one the charger counts as unknown and cannot be switched")
        if not report.keys:
            note("only its make is known: give its answer to GetConfiguration, or its NotifyReports")
    elif found.profile is None:
        out(f"{len(found.candidates)} profiles fit")
    for candidate in found.candidates:
        out(candidate_line(candidate))
    for candidate in found.lacking:
        out(f"not {candidate.profile.name}: of that make, but it does not report {', '.join(candidate.evidence)}")
    if len(found.candidates) > 1:
        made = report.vendor is not None
        note("ask its maker which one it is" if made else "add its BootNotification, which tells its make")


def _as_json(report: ChargerReport, found: Identified) -> Mapping[str, Any]:
    return {
        "profile": None if found.profile is None else found.profile.name,
        "candidates": [_candidate(each) for each in found.candidates],
        "lacking": [_candidate(each) for each in found.lacking],
        "reported": {"keys": len(report.keys), "vendor": report.vendor, "model": report.model},
    }


def _candidate(candidate: Candidate) -> Mapping[str, Any]:
    profile = candidate.profile
    return {"profile": profile.name, "title": profile.title, "evidence": list(candidate.evidence)}
