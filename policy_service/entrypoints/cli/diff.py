"""``diff``: what a change of policies means, charger by charger, over the coming year."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policy_service.application.policy_diff import RefusedTreeError, compare, plan_of, timezones
from policy_service.application.replay import replay
from policy_service.domain.access import Ungoverned
from policy_service.domain.instant import DAY
from policy_service.engine.zone import Zone, zone_names
from policy_service.entrypoints.access_views import access_view, change_views
from policy_service.entrypoints.cli.change_text import human_lines, markdown, told
from policy_service.entrypoints.cli.console import can_draw, note, out, out_json_items, out_raw
from policy_service.entrypoints.cli.diff_sides import OtherData, sides
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError, demand_one
from policy_service.entrypoints.cli.findings import plural, stderr_findings
from policy_service.entrypoints.cli.long_work import long_work
from policy_service.entrypoints.cli.option_groups import grouped
from policy_service.entrypoints.cli.policy_tree import FixedClock
from policy_service.entrypoints.cli.recorded_events import events_in, events_of
from policy_service.entrypoints.cli.service_calls import Connection
from policy_service.entrypoints.cli.zones import instant_by

if TYPE_CHECKING:
    from policy_service.application.policy_diff import Compared, Side
    from policy_service.application.replay import Replayed
    from policy_service.entrypoints.cli.long_work import LongWork

app = typer.Typer(rich_markup_mode=None, add_completion=False)

PoliciesOption = Annotated[
    Path | None, typer.Option("--policies", "-p", metavar="DIR", help="Policy directory, also inside revisions.")
]
ReplayOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Tell which decisions of exported events would differ under NEW.")
]
UngovernedOption = Annotated[
    Ungoverned,
    typer.Option(help="How a charger answers that no policy matches.", envvar="POLICY_SERVICE_UNGOVERNED"),
]
_HORIZON_DAYS = 400
_EVENTS = 10_000
_ASCII = {ord("\N{EN DASH}"): "-", ord("\N{HORIZONTAL ELLIPSIS}"): ".."}


class Format(StrEnum):
    """How changes are written."""

    HUMAN = "human"
    MARKDOWN = "markdown"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Over which time the sides are compared."""

    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="INSTANT",
            help="Compare from then on, without an offset by the clock of NEW's policies; left out: from now on.",
        ),
    ] = None
    days: Annotated[int, typer.Option(min=1, max=4_000, metavar="NUMBER", help="For so many days.")] = _HORIZON_DAYS

    def span(self, clock: FixedClock, new: Side) -> tuple[int, int]:
        """Return it in epoch seconds. Raises CommandError, and RefusedTreeError where NEW's clock cannot be told."""
        remarks: list[str] = []
        start = clock.now() if self.start is None else instant_by(self.start, lambda: _zones(new), remarks)
        for remark in remarks:
            note(f"note: {remark}")
        return start, start + self.days * DAY


@dataclass(frozen=True, slots=True)
class Recorded:
    """Decisions that are asked again of NEW."""

    replay: ReplayOption = None
    replay_latest: Annotated[
        int, typer.Option(min=0, max=_EVENTS, metavar="NUMBER", help="The same for the latest of a running service.")
    ] = 0

    def check(self) -> None:
        """Do nothing where they are of one place at most. Raises CommandError."""
        both = "--replay and --replay-latest both say which decisions are asked again"
        demand_one(both, self.replay is not None, self.replay_latest > 0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the answer is written, and what the exit code tells."""

    written: Annotated[Format, typer.Option("--format", help="How to write the changes.")] = Format.HUMAN
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 1 where anything changes.")] = False


@dataclass(frozen=True, slots=True)
class Trees:
    """What holds for both sides."""

    policies: PoliciesOption = None
    ungoverned: UngovernedOption = Ungoverned.DENY


@app.command(
    epilog="\b\nExamples:\n  policy-service diff main"
    "\n  policy-service diff main HEAD --format markdown --exit-code"
    "\n  policy-service diff policies.old policies --from 2026-12-01 --days 31"
)
@grouped
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Directory, git revision, or REVISION:DIR.")],
    new: Annotated[
        str | None, typer.Argument(metavar="NEW", help="The same; left out: the policy directory as it stands.")
    ] = None,
    *,
    stretch: Stretch,
    trees: Trees,
    outcome: Outcome,
    recorded: Recorded,
    data: OtherData,
    connection: Connection,
) -> None:
    """Tell exactly when which vehicles would be answered otherwise at which chargers, to the second.

    Every charger is compared for own vehicles, each agreement that policies or tests name, any other one, and unknown
    vehicles. Where a condition on the vehicle decides, it is told instead of an outcome.
    """
    recorded.check()
    clock = FixedClock()
    both = sides((old, new), trees.policies, data, clock.now(), trees.ungoverned)
    shown = outcome.written is not Format.JSON
    try:
        span = stretch.span(clock, both[1])
        with long_work(shown=shown) as work:
            work.stage("comparing")
            compared = compare(*both, span)
        _write(compared, outcome.written)
        differs = bool(compared.differences)
        if recorded.replay is not None or recorded.replay_latest:
            with long_work(shown=shown) as work:
                replayed = _replayed(compared, both, recorded, connection, work)
            differs |= _tell_replayed(replayed)
    except RefusedTreeError as error:
        raise _refused(error, both, (old, new)) from error
    if outcome.exit_code and differs:
        raise typer.Exit(ExitCode.FINDINGS)


def _zones(new: Side) -> list[Zone]:
    return [Zone.of(name) for name in sorted(timezones(1, new)) if name in zone_names()]


def _write(compared: Compared, written: Format) -> None:
    if written is Format.JSON:
        out_json_items("changes", change_views(compared.differences))
        return
    found = told(compared.differences, compared.span)
    if written is Format.MARKDOWN:
        out_raw(markdown(found, compared.span))
        return
    for line in human_lines(found, compared.span):
        out(line if can_draw(sys.stdout.encoding) else line.plain.translate(_ASCII))


def _replayed(
    compared: Compared, both: tuple[Side, Side], recorded: Recorded, connection: Connection, work: LongWork
) -> Replayed:
    path = recorded.replay
    events = events_in(path) if path is not None else events_of(connection.calls(), recorded.replay_latest)
    work.stage("compiling both sides")
    before, plan = (plan_of(number, compared.trees[number], side) for number, side in enumerate(both))
    try:
        return replay(work.through("asking recorded decisions again", events), before, plan)
    except ValueError as error:
        message = f"an event cannot be asked again: {error}"
        raise CommandError(message, "events are as `/v1/events` lists them") from error


def _tell_replayed(found: Replayed) -> bool:
    """Tell, beside the answer, which recorded decisions would differ; return whether any does."""
    for event, access in found.differing:
        now = (access_view(access) or {"outcome": "access_denied"})["outcome"]
        who = event.get("vehicle") or event["vehicle_class"] or "unknown"
        was = f"{event['outcome']} ({event['reason']})"
        note(f"replay: {event['time']} {event['charger']} {who}: {was}, now {now}")
    untold = f"; of {found.untold} the events do not tell enough" if found.untold else ""
    note(f"replay: {len(found.differing)} of {plural(found.asked, 'decision')} would differ{untold}")
    return bool(found.differing)


def _refused(error: RefusedTreeError, both: tuple[Side, Side], names: tuple[str, str | None]) -> CommandError:
    stderr_findings(error.diagnostics, both[error.side].files)
    name = names[error.side]
    which = "the policy directory" if name is None else f"`{name}`"
    message = f"{which} cannot be put in force, so nothing can be said of it"
    return CommandError(message, "mend what is told above first", ExitCode.USAGE)
