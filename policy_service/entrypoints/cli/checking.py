"""A check of policy files: what is wrong with them; where nothing is, what the rules of lint find."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policy_service import bootstrap
from policy_service.domain.access import Ungoverned
from policy_service.domain.diagnostic import Severity, in_reading_order
from policy_service.engine.compile import CompileContext
from policy_service.engine.compile_sound import sound_part
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.lint_configuration import read_lint_configuration
from policy_service.entrypoints.cli.policy_tree import loaded, read_files
from policy_service.entrypoints.cli.reports.report import Report
from policy_service.language.load import load
from policy_service.lint.fixes import edited
from policy_service.lint.lint import lint, look_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policy_service.application.plan_holder import PlanState
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.entrypoints.cli.lint_configuration import LintConfiguration
    from policy_service.entrypoints.cli.long_work import LongWork
    from policy_service.entrypoints.cli.policy_tree import FixedClock
    from policy_service.lint.found import Edit


@dataclass(frozen=True, slots=True)
class Checked:
    """The report, and the edits that mend some of it."""

    report: Report
    edits: tuple[Edit, ...] = ()


def checked(paths: Sequence[Path], configuration: Path | None, clock: FixedClock, work: LongWork) -> Checked:
    """Check the files of one tree. Raises CommandError."""
    work.stage("reading and compiling")
    files = read_files(paths)
    asked = read_lint_configuration(configuration, files)
    sources = dict(files) if asked.source is None else {**files, asked.source[0]: asked.source[1]}
    state = loaded(files, clock, Ungoverned(os.environ.get("POLICY_SERVICE_UNGOVERNED") or Ungoverned.DENY)).state
    work.stage("looking for what is likely a mistake")
    if state.plan is None or state.tree is None:
        further = _in_sound_files(files, state, asked, clock)
        found = tuple(in_reading_order([*state.diagnostics, *asked.findings, *further]))
        return Checked(Report(found, sources, len(files)))
    linted = look_at(state.tree, state.plan, files, clock.now(), agreements=asked.agreements, schemas=asked.schemas)
    findings = lint(linted, asked.configuration, state.diagnostics)
    told = tuple(in_reading_order([*(each.diagnostic for each in findings), *asked.findings]))
    report = Report(told, sources, len(files), len(state.plan.policies), len(state.plan.chargers))
    return Checked(report, tuple(each.edit for each in findings if each.edit is not None))


def _in_sound_files(
    files: Mapping[str, bytes], state: PlanState, asked: LintConfiguration, clock: FixedClock
) -> Iterator[Diagnostic]:
    """Yield what rules find in files without errors while others have some: a tree is mended in one go."""
    tools = bootstrap.offline()
    read = load(files, built_in=tools.profiles)
    tree = read.tree or read.remains
    if tree is None:
        return
    context = CompileContext(clock.now(), tools.holidays, at_hand=False)
    sound = sound_part(tree, context)
    plan = sound.plan(context)
    if plan is None:
        return
    linted = look_at(sound.tree, plan, files, clock.now(), agreements=asked.agreements, schemas=asked.schemas)
    broken = {found.place.file for found in state.diagnostics if found.severity is Severity.ERROR}
    for each in lint(linted, asked.configuration, whole=False):
        if each.diagnostic.place.file not in broken:
            yield each.diagnostic


def mend(edits: Sequence[Edit], report: Report) -> int:
    """Write the files that the edits change and return how many those are. Raises CommandError."""
    changed = edited(report.sources, edits)
    for name, content in changed.items():
        try:
            Path(name).write_bytes(content)
        except OSError as error:
            message = f"`{name}` cannot be written: {error.strerror or type(error).__name__}"
            raise CommandError(message, "check path and rights") from error
    return len(changed)
