"""``decide``: the answer to whether a vehicle may charge at a charger at an instant."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from policy_service.domain.access import REASONS, Ungoverned
from policy_service.entrypoints.answers import decision_view
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.outline import answer_lines
from policy_service.entrypoints.cli.question import (
    AgreementOption,
    AgreementsOption,
    AtOption,
    AttributeOption,
    ChargerArgument,
    ClassOption,
    FleetOption,
    IdentifierArgument,
    IdentifiersOption,
    JsonOption,
    LanguageOption,
    PoliciesOption,
    Question,
    TypeOption,
    UngovernedOption,
    ask,
)

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(
    epilog="\b\nExample:\n  policy-service decide NTH-01 - --identifiers demo/identifiers.ndjson"
    ' --agreements demo/agreements.ndjson --at "2026-11-24 22:15"'
)
def decide(  # noqa: PLR0913 - a parameter a flag
    charger: ChargerArgument,
    identifier: IdentifierArgument = None,
    *,
    policies: PoliciesOption = None,
    identifiers: IdentifiersOption = None,
    agreements: AgreementsOption = None,
    at: AtOption = None,
    kind: TypeOption = None,
    vehicle_class: ClassOption = None,
    agreement: AgreementOption = None,
    fleet: FleetOption = None,
    attribute: AttributeOption = None,
    language: LanguageOption = None,
    ungoverned: UngovernedOption = Ungoverned.DENY,
    as_json: JsonOption = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 6 when access is denied.")] = False,
) -> None:
    """Decide a charger's access offline, from policy files: the same answer as the service's, without the service."""
    question = Question(
        charger, identifier, policies, identifiers, agreements, at, kind, vehicle_class, agreement, fleet, attribute,
        language, ungoverned,
    )  # fmt: skip
    reply = ask(question)
    if as_json:
        out_json(decision_view(reply.answered))
    else:
        reason = reply.answered.decision.answer.reason
        for line in answer_lines(reply):
            out(line)
        out(Text(f"why      {REASONS[reason].meaning}"))
    if exit_code and reply.answered.decision.denied:
        raise typer.Exit(ExitCode.DENIED)
