"""``explain``: how a decision comes about, step by step, and what would have to differ."""

from __future__ import annotations

import typer

from policy_service.domain.access import Ungoverned
from policy_service.entrypoints.answers import explanation_view
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.outline import answer_lines, explanation_lines
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
    epilog="\b\nExample:\n  policy-service explain NTH-01 --class agreement --agreement metro-east"
    ' --attribute kind=bus --attribute height_m=3.4 --at "2026-11-24 22:15"'
)
def explain(  # noqa: PLR0913 - a parameter a flag
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
) -> None:
    """Explain a decision step by step: policy, window with its place, vehicle, grants, and the nearest way in."""
    question = Question(
        charger, identifier, policies, identifiers, agreements, at, kind, vehicle_class, agreement, fleet, attribute,
        language, ungoverned,
    )  # fmt: skip
    reply = ask(question)
    if as_json:
        out_json(explanation_view(reply.answered, reply.explanation))
        return
    for line in answer_lines(reply):
        out(line)
    out()
    for line in explanation_lines(reply.explanation, reply.zone):
        out(line)
