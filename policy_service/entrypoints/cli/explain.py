"""``explain``: how a decision comes about, step by step, and what would have to differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from policy_service.domain.access import Ungoverned
from policy_service.domain.instant import parse_instant
from policy_service.entrypoints.cli.answers import explanation_json
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.instants import local_text
from policy_service.entrypoints.cli.outline import answer_lines, labelled
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

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy_service.engine.explain import Explanation
    from policy_service.engine.zone import Zone

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
        out_json(explanation_json(reply.answered, reply.explanation))
        return
    for line in answer_lines(reply):
        out(line)
    out()
    for line in explanation_lines(reply.explanation, reply.zone):
        out(line)


def explanation_lines(explanation: Explanation, zone: Zone) -> Iterator[Text]:
    """Yield the steps in order, each with its place, and the nearest change that allows."""
    for number, step in enumerate(explanation.steps, start=1):
        met = step.detail.get("met")
        style = "" if met is None else "green" if met else "red"
        yield Text.assemble((f"{number:>2}. ", "dim"), (step.name.ljust(_STEP), "bold"), (step.text, style))
        place = step.detail.get("place")
        if place:
            yield Text.assemble(" " * (_STEP + 4), (f"at {place}", "dim"))
    if explanation.nearest_allow is not None:
        yield Text()
        yield from _nearest_lines(explanation.nearest_allow, zone)


_STEP = 12


def _nearest_lines(nearest: Mapping[str, Any], zone: Zone) -> Iterator[Text]:
    yield labelled("to allow", str(nearest["change"]))
    if nearest.get("then"):
        yield labelled("", f"then {nearest['then']}")
    if nearest.get("at"):
        at = parse_instant(str(nearest["at"]))
        yield labelled("or wait", f"until {local_text(at, zone)} {zone.name}, {nearest['at']}")
