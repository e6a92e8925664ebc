"""The command ``policy-service`` and its table of commands, whose modules load only when a command runs."""

from __future__ import annotations

import errno
import os
import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

import policy_service
from policy_service.entrypoints.cli.exit_codes import MEANINGS, ExitCode
from policy_service.entrypoints.cli.failure import ClosedPipeError, CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "policy-service"
_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT))
_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s")


class Row(NamedTuple):
    """A command: the module beside this one that has its ``app``, and its line in the overview."""

    module: str
    summary: str


COMMANDS: dict[str, Row] = {
    "serve": Row("serve", "Run the service."),
    "scheduler": Row("scheduler", "Tell chargers their modes in time, as a process of its own."),
    "check": Row("check", "Find every mistake in policy files, and what is legal but looks like one."),
    "rule": Row("rule", "Say what the code of a finding means, and list all rules."),
    "test": Row("policy_tests", "Run the PolicyTests of a policy tree."),
    "decide": Row("decide", "Decide a charger's access offline, from policy files."),
    "explain": Row("explain", "Explain a decision step by step, offline."),
    "schedule": Row("schedule", "Draw a charger's week as text, calendar or picture, offline."),
    "charger-profiles": Row(
        "charger_profiles", "Tell what charger models can do, and which one a charger is of, offline."
    ),
    "holidays": Row("holidays", "List the public holidays of a region and year, as policies have them."),
    "diff": Row("diff", "Tell what a change of policies means: who may charge when, before and after."),
    "fmt": Row("fmt", "Lay policy files out uniformly; comments stay."),
    "init": Row("init", "Write a policy tree to start from, with tests, schemas, editor settings and pipelines."),
    "doctor": Row("doctor", "Look for what stands in the way of working on policies here."),
    "import": Row("imports", "Import identifiers, agreements or chargers into the running service."),
    "override": Row("overrides", "Open or lock chargers of the running service for a while, list and end that."),
    "sources": Row("sources", "Tell how the sources of imports stand, and say when they are expected."),
    "why": Row("why", "Say why a vehicle was refused by the running service: by charger or by vehicle."),
    "enrol": Row("enrol", "Make the vehicle known whose unknown identifier was refused."),
    "events": Row("events", "List, count, show and follow access events; erase what they hold of persons."),
    "transitions": Row("transitions", "List changes of mode, planned or told, and follow them as they come."),
    "chargers": Row("chargers", "Show a charger; list those that are not in their mode; tell how a local list stands."),
    "adherence": Row("adherence", "Tell how punctually chargers changed their mode, and which did not."),
    "webhooks": Row("webhooks", "Tell others of events as they come: add, list, rotate, test and remove webhooks."),
    "keys": Row("keys", "Make, list, rotate and revoke API keys, on the database itself."),
    "schema": Row("schema", "Print or write the JSON Schemas of the policy format."),
}


class _Deferred(TyperCommand):
    """Stands for a command in the overview; loads it when it runs or is asked for its own help."""

    def __init__(self, name: str, row: Row) -> None:
        super().__init__(name, short_help=row.summary, rich_markup_mode=None)
        self._module = f"{__package__}.{row.module}"

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:  # noqa: ANN401 - typer keeps its context's type to itself
        """Hand over to the real command."""
        command = typer.main.get_command(import_module(self._module).app)
        if isinstance(command, TyperGroup):
            for each in command.commands.values():
                each.short_help = _first_sentence(each.help or "")
        return command.make_context(info_name, args, parent=parent, **extra)


def _first_sentence(text: str) -> str:
    """Return it whole: an overview would cut it off at the end of the line."""
    return _END_OF_SENTENCE.split(" ".join(text.split()), maxsplit=1)[0]


class _Commands(TyperGroup):
    """The overview, in the table's order."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - whatever typer hands to a group
        options["commands"] = {name: _Deferred(name, row) for name, row in COMMANDS.items()}
        super().__init__(**options)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer keeps its context's type to itself
        """Run the command; what the parser says of a mistake in the call is put into words of ours."""
        try:
            return super().invoke(ctx)
        except TyperException as error:
            from policy_service.entrypoints.cli.usage_text import usage_text  # noqa: PLC0415 - most calls are right

            error.message = usage_text(error.message, ctx.invoked_subcommand)
            raise


def _epilog() -> str:
    codes = "\n".join(f"  {code:>3}  {MEANINGS[code]}" for code in ExitCode)
    return f"\b\nExit codes:\n{codes}"


app = typer.Typer(
    name=PROGRAM,
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_epilog(),
)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {policy_service.__version__}")
        raise typer.Exit


@app.callback()
def overview(
    *,
    version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True, callback=_show_version),  # noqa: FBT003,
) -> None:
    """Access decisions for shared EV depot chargers, on recurring schedules: freevend or managed, and why."""
    del version  # its callback has answered already


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; no mistake ends in a traceback, nor does a closed pipe."""
    try:
        code = _ended(arguments)
        sys.stdout.flush()
    except (ClosedPipeError, BrokenPipeError):
        _say_no_more()
        return ExitCode.CLOSED_PIPE
    except OSError as error:
        _say_no_more()
        return _failed(_unforeseen(error))
    return code


def _ended(arguments: Sequence[str]) -> int:
    try:
        app(args=list(arguments), prog_name=PROGRAM)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.OK
    except CommandError as error:
        return _failed(error)
    except ClosedPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last door: a defect is told in a line
        return _failed(_unforeseen(error))
    return ExitCode.OK


def _say_no_more() -> None:
    """Drop what standard output still holds: it would fail once more at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unforeseen(error: Exception) -> CommandError:
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        told = "there is no room left for what the command writes", "free some of the disk, and run it again"
        return CommandError(*told, ExitCode.NO_ROOM)
    if os.environ.get("POLICY_SERVICE_TRACEBACK"):
        raise error
    return CommandError(
        f"policy-service failed with {type(error).__name__}: this is a defect",
        "set POLICY_SERVICE_TRACEBACK=1, run the command again, and report what it prints",
        ExitCode.INTERNAL,
    )


def _failed(error: CommandError) -> int:
    from policy_service.entrypoints.cli.console import fail  # noqa: PLC0415 - rich loads only when there is a need

    fail(error)
    return error.code
