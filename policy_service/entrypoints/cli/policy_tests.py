"""``test``: the PolicyTests of a tree, asked of its plan."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from policy_service.domain.instant import format_instant
from policy_service.engine.verify import verify
from policy_service.engine.zone import Zone
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.findings import plural
from policy_service.entrypoints.cli.instants import local_text
from policy_service.entrypoints.cli.outline import explanation_lines
from policy_service.entrypoints.cli.policy_tree import FixedClock, default_directory, standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.engine.plan import Plan
    from policy_service.engine.verify import Verified

app = typer.Typer(rich_markup_mode=None, add_completion=False)

DirectoryArgument = Annotated[
    Path | None,
    typer.Argument(metavar="DIR", help="Policy directory; left out: POLICY_SERVICE_POLICIES, else `policies`."),
]


@app.command("test", epilog="\b\nExample:\n  policy-service test policies -k weeknights")
def run_tests(
    directory: DirectoryArgument = None,
    *,
    keyword: Annotated[
        str,
        typer.Option("-k", metavar="TEXT", help="Only cases whose test, name, charger or expected value has the text."),
    ] = "",
    fail_on_empty: Annotated[bool, typer.Option("--fail-on-empty", help="Exit 5 when no case is run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write every case as JSON.")] = False,
) -> None:
    """Run the PolicyTests of a policy tree; every failure comes with the explanation of what was answered instead."""
    _, plan, tree = standing(directory or default_directory(), FixedClock())
    began = perf_counter()
    results = list(_results(plan, tree, keyword.casefold()))
    seconds = perf_counter() - began
    failed = [result for result in results if not result.passed]
    if as_json:
        out_json(_as_json(results, plan))
    else:
        for result in failed:
            _show(result, plan)
        out(_summary(results, failed, seconds))
    if failed:
        raise typer.Exit(ExitCode.FINDINGS)
    if fail_on_empty and not results:
        raise typer.Exit(ExitCode.NOTHING_TESTED)


def _results(plan: Plan, tree: PolicyTree, keyword: str) -> Iterator[Verified]:
    for test in tree.tests:
        for result in verify(plan, test):
            case = result.case
            named = (result.test, case.name, case.charger, *(value or "" for value in case.expect.values()))
            if any(keyword in name.casefold() for name in named):
                yield result


def _show(result: Verified, plan: Plan) -> None:
    zone = _zone(result, plan)
    vehicle = result.case.vehicle.name if result.case.vehicle else "unknown"
    out(Text.assemble(("FAILED", "bold red"), f" {result.test}: {result.case.name}  ", (str(result.case.place), "dim")))
    when = f"{local_text(result.at, zone)} {zone.name}, {format_instant(result.at)}"
    out(f"  {vehicle} at {result.case.charger}, {when}")
    for key, expected, actual in result.mismatches:
        out(Text.assemble(f"  {key}: expected ", (_value(expected), "green"), ", got ", (_value(actual), "red")))
    for line in explanation_lines(result.explanation, zone):
        out(Text.assemble("    ", line))
    out()


def _zone(result: Verified, plan: Plan) -> Zone:
    entry = plan.chargers.get(result.case.charger)
    return Zone.of(entry.policy.timezone if entry and entry.policy else "UTC")


def _value(value: str | None) -> str:
    return "none" if value is None else value


def _summary(results: Sequence[Verified], failed: Sequence[Verified], seconds: float) -> Text:
    tests = plural(len({result.test for result in results}), "test")
    cases = f"{plural(len(results), 'case')} of {tests} in {seconds:.2f} s"
    if failed:
        return Text.assemble((f"{len(failed)} failed", "bold red"), f", {len(results) - len(failed)} passed: {cases}")
    if not results:
        return Text("no case to run", "bold yellow")
    return Text.assemble((f"{len(results)} passed", "bold green"), f": {cases}")


def _as_json(results: Sequence[Verified], plan: Plan) -> dict[str, Any]:
    passed = sum(result.passed for result in results)
    cases = [_case_json(result) for result in results]
    return {"revision": plan.revision, "passed": passed, "failed": len(results) - passed, "cases": cases}


def _case_json(result: Verified) -> dict[str, Any]:
    case: dict[str, Any] = {
        "test": result.test,
        "name": result.case.name,
        "file": result.case.place.file,
        "line": result.case.place.line,
        "charger": result.case.charger,
        "vehicle": result.case.vehicle.name if result.case.vehicle else None,
        "time": format_instant(result.at),
        "passed": result.passed,
    }
    if result.passed:
        return case
    wrong = [{"key": key, "expected": expected, "actual": actual} for key, expected, actual in result.mismatches]
    return {**case, "mismatches": wrong, "steps": [step.text for step in result.explanation.steps]}
