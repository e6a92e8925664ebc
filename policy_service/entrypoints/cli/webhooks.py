"""``webhooks``: who is told of events as they come: add, list, show, pause, resume, rotate, test and remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from policy_service.domain.instant import parse_instant
from policy_service.domain.outward import FeedName
from policy_service.entrypoints.cli.console import note, out, out_json
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.findings import plural
from policy_service.entrypoints.cli.instants import offset_text
from policy_service.entrypoints.cli.labels import read_labels
from policy_service.entrypoints.cli.record_ids import WEBHOOK, leading_to
from policy_service.entrypoints.cli.service_calls import (
    DEFAULT_URL,
    CaFileOption,
    CertFileOption,
    KeyFileOption,
    ProblemAnswerError,
    ServiceCalls,
    UrlOption,
)
from policy_service.entrypoints.cli.webhook_order import demand_reasons, demand_types, demand_url, refusal
from policy_service.entrypoints.cli.zones import Clocks, shared_zone, told_at, zones_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policy_service.engine.zone import Zone

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Tell others of access events, or of changes of mode, as they come, by webhooks.",
    epilog="\b\nExamples:\n  policy-service webhooks add https://csms.example/hooks --type access.denied"
    "\n  policy-service webhooks add https://csms.example/modes --feed modes"
    "\n  policy-service webhooks test wh-7k3m9x2a4c\n  policy-service webhooks dead-letters wh-7k3m9x2a4c --retry",
)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the webhook, such as wh-7k3m9x2a4c.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write the service's answer as JSON.")]


@app.command(
    "add",
    epilog="\b\nExample:\n  policy-service webhooks add https://csms.example/hooks --type access.denied"
    " --label depot:north",
)
def add(  # noqa: PLR0913 - a parameter a flag
    target: Annotated[str, typer.Argument(metavar="URL", help="Where to send events.")],
    *,
    feed: Annotated[FeedName, typer.Option(metavar="FEED", help=f"{' or '.join(FeedName)}.")] = FeedName.ACCESS,
    kind: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="Such as access.denied; may be repeated.")
    ] = None,
    reason: Annotated[
        list[str] | None, typer.Option(metavar="REASON", help="Such as not_granted; may be repeated.")
    ] = None,
    charger: Annotated[list[str] | None, typer.Option(metavar="ID", help="Of this charger; may be repeated.")] = None,
    fleet: Annotated[list[str] | None, typer.Option(metavar="FLEET", help="Of this fleet; may be repeated.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:VALUE", help="Of chargers with this label; may be repeated."),
    ] = None,
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="Whose it is.")] = None,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell somebody of events from now on; print the secret that its requests are signed with, this once."""
    demand_url(target)
    demand_types(kind or (), feed)
    demand_reasons(reason or ())
    lists = {
        "type": kind,
        "reason": reason,
        "charger": charger,
        "fleet": fleet,
        "labels": dict(read_labels(label or [])),
    }
    body: dict[str, Any] = {
        "url": target,
        "feed": feed,
        "filters": {name: found for name, found in lists.items() if found},
    }
    if description is not None:
        body["description"] = description
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    try:
        made = calls.send("POST", "/v1/webhooks", body)
    except ProblemAnswerError as error:
        raise refusal(error) from None
    if as_json:
        out_json(made)
        return
    note(f"{made['id']} is told of events from now on; its secret, which is not shown again:")
    out(str(made["secret"]))


@app.command("list", epilog="\b\nExample:\n  policy-service webhooks list")
def list_(
    *,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List all webhooks, and how deliveries to each stand."""
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    found = calls.get("/v1/webhooks")
    if as_json:
        out_json(found)
        return
    zone = _zone(calls, found["webhooks"])
    for webhook in found["webhooks"]:
        out(f"{webhook['id']}  {webhook['feed']}  {_state(webhook)}  {webhook['url']}")
        for line in _trouble(webhook, zone):
            out(f"  {line}")
    if not found["webhooks"]:
        out("there is no webhook")


@app.command("show", epilog="\b\nExample:\n  policy-service webhooks show wh-7k3m9x2a4c")
@leading_to(WEBHOOK)
def show(
    webhook_id: IdArgument,
    *,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one webhook: what it is told of, and how deliveries stand."""
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    _told(calls, calls.get(_path(webhook_id)), as_json=as_json)


@app.command("pause", epilog="\b\nExample:\n  policy-service webhooks pause wh-7k3m9x2a4c")
@leading_to(WEBHOOK)
def pause(
    webhook_id: IdArgument,
    *,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send nothing until it is resumed."""
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    _told(calls, calls.send("PATCH", _path(webhook_id), {"enabled": False}), as_json=as_json)


@app.command("resume", epilog="\b\nExample:\n  policy-service webhooks resume wh-7k3m9x2a4c")
@leading_to(WEBHOOK)
def resume(
    webhook_id: IdArgument,
    *,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on where it stopped, with all that it has missed."""
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    _told(calls, calls.send("PATCH", _path(webhook_id), {"enabled": True}), as_json=as_json)


@app.command("remove", epilog="\b\nExample:\n  policy-service webhooks remove wh-7k3m9x2a4c")
@leading_to(WEBHOOK)
def remove(
    webhook_id: IdArgument,
    *,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove it with its dead letters."""
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    gone = calls.send("DELETE", _path(webhook_id))
    if as_json:
        out_json(gone)
    else:
        out(f"{gone['id']} is removed")


@app.command("rotate", epilog="\b\nExample:\n  policy-service webhooks rotate wh-7k3m9x2a4c > secret.txt")
@leading_to(WEBHOOK)
def rotate(
    webhook_id: IdArgument,
    *,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a fresh secret, this once; for 24 hours the one so far signs as well."""
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    zones = () if as_json else zones_of(calls)  # before: nothing may come between the secret and who needs it
    made = calls.send("POST", f"{_path(webhook_id)}/rotate-secret")
    if as_json:
        out_json(made)
        return
    until = told_at(parse_instant(made["previous_until"]), zones)
    note(f"until {until} the secret so far signs as well; the new one, which is not shown again:")
    out(str(made["secret"]))


@app.command("test", epilog="\b\nExample:\n  policy-service webhooks test wh-7k3m9x2a4c")
@leading_to(WEBHOOK)
def send_test(
    webhook_id: IdArgument,
    *,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send an event of type webhook.ping once, and tell what became of it; exit 1 where it did not arrive."""
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    ended = calls.send("POST", f"{_path(webhook_id)}/test")
    if as_json:
        out_json(ended)
    elif ended["delivered"]:
        out(f"delivered: the receiver answered {ended['status']}")
    else:
        out(f"not delivered: {ended['error'] or 'the receiver answered ' + str(ended['status'])}")
    if not ended["delivered"]:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("dead-letters", epilog="\b\nExample:\n  policy-service webhooks dead-letters wh-7k3m9x2a4c --retry")
@leading_to(WEBHOOK)
def dead_letters(
    webhook_id: IdArgument,
    *,
    retry: Annotated[bool, typer.Option("--retry", help="Send all of them once more.")] = False,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the events that it did not take in time, the oldest first, or send them once more."""
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    if retry:
        queued = calls.send("POST", f"{_path(webhook_id)}/dead-letters/retry")
        if as_json:
            out_json(queued)
        else:
            number = queued["queued"]
            out(f"{plural(number, 'dead letter')} {'is' if number == 1 else 'are'} sent once more")
        return
    found = list(calls.each("dead_letters", path=f"{_path(webhook_id)}/dead-letters"))
    if as_json:
        out_json({"dead_letters": found})
        return
    if not found:
        out("there are no dead letters")
        return
    clocks = Clocks(calls)
    for letter in found:
        told = "  to be sent once more" if letter["queued"] else f"  {letter['last_error']}"
        at = offset_text(parse_instant(letter["recorded_at"]), clocks.at(letter["charger"]))
        out(f"{at}  {letter['type']}  {letter['charger']}  {letter['event_id']}{told}")


def _told(calls: ServiceCalls, webhook: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        out_json(webhook)
        return
    out(f"{webhook['id']}  {webhook['feed']}  {_state(webhook)}  {webhook['url']}")
    if webhook["description"]:
        out(f"whose    {webhook['description']}")
    for name, accepted in webhook["filters"].items():
        if name == "labels":
            out(f"label    {', '.join(f'{label}:{value}' for label, values in accepted.items() for value in values)}")
        else:
            out(f"{name:<8} {', '.join(accepted)}")
    for line in _trouble(webhook, _zone(calls, [webhook])):
        out(line)


def _zone(calls: ServiceCalls, webhooks: Iterable[dict[str, Any]]) -> Zone:
    """Return the clock to tell failures by; where there are none, nobody is asked for it."""
    return shared_zone(zones_of(calls) if any(webhook["failing_since"] for webhook in webhooks) else ())


def _trouble(webhook: dict[str, Any], zone: Zone) -> Iterator[str]:
    """Return what its receiver has not taken, and why; nothing where all goes well."""
    if webhook["failing_since"]:
        yield f"failing  {_failing(webhook, zone)}"
    if webhook["dead_letters"]:
        dead = plural(webhook["dead_letters"], "event")
        yield f"dead     {dead}; see `policy-service webhooks dead-letters {webhook['id']}`"


def _failing(webhook: dict[str, Any], zone: Zone) -> str:
    def local(name: str) -> str:
        return offset_text(parse_instant(webhook[name]), zone)

    following = f"; next try {local('next_try_at')}" if webhook["next_try_at"] else ""
    return f"since {local('failing_since')}: {webhook['last_error']}{following}"


def _state(webhook: dict[str, Any]) -> str:
    if webhook["stopped"]:
        return str(webhook["stopped"])
    return "failing" if webhook["failing_since"] else "well"


def _path(webhook_id: str) -> str:
    return f"/v1/webhooks/{quote(webhook_id, safe='')}"
