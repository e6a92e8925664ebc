"""``override``: opens or locks chargers of the running service for a while, lists, shows and ends what was made."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from policy_service.entrypoints.cli.console import note, out, out_json
from policy_service.entrypoints.cli.likely_chargers import misnamed
from policy_service.entrypoints.cli.override_neighbours import holding, meeting, overruling
from policy_service.entrypoints.cli.override_order import Only, Picked, Span, allow_of, body_of
from policy_service.entrypoints.cli.override_text import (
    ended_lines,
    list_lines,
    made_lines,
    met_lines,
    refusal,
    selector_of,
)
from policy_service.entrypoints.cli.record_ids import OVERRIDE, leading_to
from policy_service.entrypoints.cli.service_calls import (
    DEFAULT_URL,
    CaFileOption,
    CertFileOption,
    KeyFileOption,
    ProblemAnswerError,
    ServiceCalls,
    UrlOption,
)
from policy_service.entrypoints.cli.zones import Clocks, zones_of, zones_to_read_by

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Open or lock chargers of the running service for a while; list, show and end what was made.",
    epilog="\b\nExamples:\n  policy-service override open --charger NTH-01 --for 2h --reason 'pull-out, OPS-7'"
    "\n  policy-service override lock --label depot:north --until '2026-11-24 06:00' --reason event --only own"
    "\n  policy-service override list",
)

ChargerOption = Annotated[
    list[str] | None, typer.Option("--charger", metavar="GLOB", help="Id of a charger, or a glob; may be repeated.")
]
LabelOption = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME:VALUE", help="Chargers with this label; may be repeated."),
]
ExcludeOption = Annotated[
    list[str] | None, typer.Option(metavar="GLOB", help="But not these chargers; may be repeated.")
]
WhenOption = Annotated[str | None, typer.Option(metavar="EXPRESSION", help="Condition over charger.*, as in policies.")]
ForOption = Annotated[str | None, typer.Option("--for", metavar="LENGTH", help="For so long: 90m, 2h, 1d12h or PT2H.")]
UntilOption = Annotated[
    str | None,
    typer.Option(metavar="INSTANT", help="Until then; without an offset by the clock of the chargers' policies."),
]
FromOption = Annotated[str | None, typer.Option("--from", metavar="INSTANT", help="Beginning then; left out: at once.")]
ReasonOption = Annotated[str, typer.Option(metavar="TEXT", help="Why, for those who read it later.")]
MessageOption = Annotated[str | None, typer.Option(metavar="TEXT", help="What a refused driver is told.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Take chargers of locked policies as well.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write the service's answer as JSON.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the override, such as ov-7k3m9x2a.")]


@app.command("open", epilog="\b\nExample:\n  policy-service override open --charger NTH-01 --for 2h --reason OPS-7")
def open_(  # noqa: PLR0913 - a parameter a flag
    *,
    reason: ReasonOption,
    charger: ChargerOption = None,
    label: LabelOption = None,
    exclude: ExcludeOption = None,
    when: WhenOption = None,
    for_: ForOption = None,
    until: UntilOption = None,
    from_: FromOption = None,
    message: MessageOption = None,
    force: ForceOption = False,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let everybody charge (freevend), whatever the policies say. One of --for and --until says when that ends."""
    picked = Picked(charger or (), label or (), exclude or (), when)
    _make(
        ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file),
        picked,
        Span(from_, until, for_),
        {"mode": "freevend", "reason": reason, "force": force} | ({} if message is None else {"message": message}),
        as_json=as_json,
    )


@app.command(
    "lock",
    epilog="\b\nExample:\n  policy-service override lock --label depot:north --for 90m --reason event --only own",
)
def lock(  # noqa: PLR0913 - a parameter a flag
    *,
    reason: ReasonOption,
    charger: ChargerOption = None,
    label: LabelOption = None,
    exclude: ExcludeOption = None,
    when: WhenOption = None,
    for_: ForOption = None,
    until: UntilOption = None,
    from_: FromOption = None,
    only: Annotated[Only | None, typer.Option(help="Who may charge; left out: as the policy says.")] = None,
    message: MessageOption = None,
    force: ForceOption = False,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let known vehicles alone charge (managed), whatever the hour. One of --for and --until says when that ends."""
    picked = Picked(charger or (), label or (), exclude or (), when)
    _make(
        ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file),
        picked,
        Span(from_, until, for_),
        {"mode": "managed", "reason": reason, "force": force}
        | allow_of(only)
        | ({} if message is None else {"message": message}),
        as_json=as_json,
    )


def _make(calls: ServiceCalls, picked: Picked, span: Span, wanted: dict[str, Any], *, as_json: bool) -> None:
    selector = picked.selector()
    start, until, remarks = span.instants(lambda: zones_to_read_by(calls, selector))
    try:
        made = calls.send("POST", "/v1/overrides", {**body_of(picked, start, until), **wanted})
    except ProblemAnswerError as error:
        raise refusal(error, lambda: misnamed(calls, picked.chargers)) from None
    for each in misnamed(calls, picked.idle(made["chargers"])):
        note(f"note: {each}")
    if as_json:
        out_json(made)
        return
    for remark in remarks:
        note(remark)
    zones = zones_of(calls, selector)
    for line in (*made_lines(made, zones), *met_lines(meeting(calls, made), zones)):
        out(line)


@app.command("list", epilog="\b\nExample:\n  policy-service override list --all")
def list_(
    *,
    all_: Annotated[bool, typer.Option("--all", help="Those that are ended or over as well.")] = False,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List overrides that are active or coming, the latest made first."""
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    found = list(calls.each("overrides", **({"ended": "true"} if all_ else {})))
    if as_json:
        out_json({"overrides": found})
    elif found:
        for line in list_lines(found, overruling(calls, found), Clocks(calls)):
            out(line)
    else:
        out("no override is active or coming" if not all_ else "no override is on record")


@app.command("show", epilog="\b\nExample:\n  policy-service override show ov-7k3m9x2a")
def show(
    override_id: IdArgument,
    *,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one override with the chargers that it takes, as policies and inventory stand."""
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    with leading_to(OVERRIDE):
        found = calls.get(_path(override_id))
    if as_json:
        out_json(found)
        return
    for line in made_lines(found, zones_of(calls, selector_of(found))):
        out(line)


@app.command("end", epilog="\b\nExample:\n  policy-service override end ov-7k3m9x2a")
def end(
    override_id: IdArgument,
    *,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """End an override now: the policies hold again, or another override. One that is over stays as it is."""
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    with leading_to(OVERRIDE):
        ended = calls.send("DELETE", _path(override_id))
    if as_json:
        out_json(ended)
        return
    for line in ended_lines(ended, holding(calls, ended), zones_of(calls, selector_of(ended))):
        out(line)


def _path(override_id: str) -> str:
    return f"/v1/overrides/{quote(override_id, safe='')}"
