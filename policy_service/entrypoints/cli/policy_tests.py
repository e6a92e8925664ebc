"""``test``: the PolicyTests of a tree, asked of its plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from policy_service.domain.instant import format_instant
from policy_service.engine.coverage import coverage_of
from policy_service.engine.verify import finding_of, verify
from policy_service.engine.zone import Zone
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.coverage_text import coverage_json, coverage_lines, write_pages
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.findings import plural
from policy_service.entrypoints.cli.instants import local_text
from policy_service.entrypoints.cli.long_work import long_work
from policy_service.entrypoints.cli.option_groups import grouped
from policy_service.entrypoints.cli.outline import explanation_lines
from policy_service.entrypoints.cli.policy_tree import FixedClock, default_directory, prefix_of, standing
from policy_service.entrypoints.cli.tests_junit import junit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from policy_service.application.plan_holder import PlanState
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.engine.coverage import Coverage
    from policy_service.engine.plan import Plan
    from policy_service.engine.verify import Verified

app = typer.Typer(rich_markup_mode=None, add_completion=False)

DirectoryArgument = Annotated[
    Path | None,
    typer.Argument(metavar="DIR", help="Policy directory; left out: POLICY_SERVICE_POLICIES, else `policies`."),
]


PagesOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write pages that show the policies' text and what is not covered.")
]
JunitOption = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write a report as JUnit XML.")]


@dataclass(frozen=True, slots=True)
class Covering:
    """Whether it is told what the cases cover."""

    coverage: Annotated[
        bool, typer.Option("--coverage", help="Tell which windows, grants, conditions and reasons no case meets.")
    ] = False
    fail_under: Annotated[
        float | None, typer.Option(min=0, max=100, metavar="PERCENT", help="Exit 7 where less than that is covered.")
    ] = None
    coverage_html: PagesOption = None

    @property
    def wanted(self) -> bool:
        """Whether anything of it was asked for."""
        return self.coverage or self.fail_under is not None or self.coverage_html is not None


@app.command(
    "test",
    epilog="\b\nExamples:\n  policy-service test policies -k weeknights"
    "\n  policy-service test policies --coverage --fail-under 100 --junit report.xml",
)
@grouped
def run_tests(
    directory: DirectoryArgument = None,
    *,
    keyword: Annotated[
        str,
        typer.Option("-k", metavar="TEXT", help="Only cases whose test, name, charger or expected value has the text."),
    ] = "",
    fail_on_empty: Annotated[bool, typer.Option("--fail-on-empty", help="Exit 5 when no case is run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write every case as JSON.")] = False,
    junit_file: JunitOption = None,
    covering: Covering,
) -> None:
    """Run the PolicyTests of a policy tree; every failure comes with the explanation of what was answered instead."""
    chosen = directory or default_directory()
    within = prefix_of(chosen)
    with long_work(shown=not as_json) as work:
        work.stage("reading and compiling")
        plans, plan, tree = standing(chosen, FixedClock())
        began = perf_counter()
        cases = work.through("asking cases", _results(plan, tree), sum(len(test.cases) for test in tree.tests))
        results = [result for result in cases if _named(result, keyword.casefold())]
    coverage = _coverage(results, plan) if covering.wanted else None
    seconds = perf_counter() - began
    failed = [result for result in results if not result.passed]
    _write_files(junit_file, covering, coverage, plans.state, lambda: junit(results, seconds, within))
    if as_json:
        told = _as_json(results, plan, within)
        out_json(told if coverage is None else {**told, "coverage": coverage_json(coverage, within)})
    else:
        for result in failed:
            _show(result, plan, within)
        for line in () if coverage is None else coverage_lines(coverage, within):
            out(line)
        out(_summary(results, failed, seconds))
    if failed:
        raise typer.Exit(ExitCode.FINDINGS)
    if fail_on_empty and not results:
        raise typer.Exit(ExitCode.NOTHING_TESTED)
    if coverage is not None and coverage.percent < (covering.fail_under or 0):
        raise typer.Exit(ExitCode.UNCOVERED)


def _coverage(results: Sequence[Verified], plan: Plan) -> Coverage:
    coverage = coverage_of(plan)
    for result in results:
        reason = result.decision.answer.reason
        coverage.ask(plan, result.case.charger, result.at, finding_of(result.case.vehicle), reason)
    return coverage


def _write_files(
    junit_file: Path | None,
    covering: Covering,
    coverage: Coverage | None,
    state: PlanState,
    report: Callable[[], bytes],
) -> None:
    try:
        if junit_file is not None:
            junit_file.write_bytes(report())
        if covering.coverage_html is not None and coverage is not None:
            write_pages(coverage, state.sources, covering.coverage_html)
    except OSError as error:
        message = f"`{error.filename}` cannot be written: {error.strerror}"
        raise CommandError(message, "check path and rights") from error


def _results(plan: Plan, tree: PolicyTree) -> Iterator[Verified]:
    for test in tree.tests:
        yield from verify(plan, test)


def _named(result: Verified, keyword: str) -> bool:
    case = result.case
    names = (result.test, case.name, case.charger, *(value or "" for value in case.expect.values()))
    return any(keyword in name.casefold() for name in names)


def _show(result: Verified, plan: Plan, within: str) -> None:
    zone = _zone(result, plan)
    vehicle = result.case.vehicle.name if result.case.vehicle else "unknown"
    out(
        Text.assemble(
            ("FAILED", "bold red"), f" {result.test}: {result.case.name}  ", (f"{within}{result.case.place}", "dim")
        )
    )
    when = f"{local_text(result.at, zone)} {zone.name}, {format_instant(result.at)}"
    out(f"  {vehicle} at {result.case.charger}, {when}")
    for key, expected, actual in result.mismatches:
        out(Text.assemble(f"  {key}: expected ", (_value(expected), "green"), ", got ", (_value(actual), "red")))
    for line in () if result.explanation is None else explanation_lines(result.explanation, zone, within):
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


def _as_json(results: Sequence[Verified], plan: Plan, within: str) -> dict[str, Any]:
    passed = sum(result.passed for result in results)
    cases = [_case_json(result, within) for result in results]
    return {"revision": plan.revision, "passed": passed, "failed": len(results) - passed, "cases": cases}


def _case_json(result: Verified, within: str) -> dict[str, Any]:
    case: dict[str, Any] = {
        "test": result.test,
        "name": result.case.name,
        "file": f"{within}{result.case.place.file}",
        "line": result.case.place.line,
        "charger": result.case.charger,
        "vehicle": result.case.vehicle.name if result.case.vehicle else None,
        "time": format_instant(result.at),
        "passed": result.passed,
    }
    if result.passed:
        return case
    wrong = [{"key": key, "expected": expected, "actual": actual} for key, expected, actual in result.mismatches]
    return {**case, "mismatches": wrong, "steps": [step.text for step in result.steps]}
